namespace Podflare.Configuration;

/// <summary>The address that readers use, without a slash at its end.</summary>
internal sealed class PublicAddress(string url)
{
    public string Url { get; } = url.TrimEnd('/');

    public bool IsHttps => Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
}
