namespace Podflare.Configuration;

/// <summary>The public address of the page, without a trailing slash.</summary>
internal sealed class PublicAddress(string url)
{
    public string Url { get; } = url.TrimEnd('/');

    public bool IsHttps => Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
}
