using Podflare.Hosting;
using Podflare.Processes;

namespace Podflare.Http;

/// <summary>The server's own address and the names that it tells clients, read once at the start from <c>PODFLARE_*</c> variables.</summary>
/// <param name="Region">Returned when a sandbox is created; null when it is not configured.</param>
/// <param name="PublicUrl">The address that clients are asked to use for a sandbox, without a trailing slash; null when it is not configured.</param>
internal sealed record ServerSettings(ListenAddress Listen, string? Region, string? PublicUrl)
{
    private const int MaxRegion = 64;

    /// <exception cref="StartUpException">A value is not valid.</exception>
    public static ServerSettings Read(IConfiguration configuration) =>
        new(ListenAddress.Parse(configuration[ListenAddress.Variable]), ReadRegion(configuration["PODFLARE_REGION"]), ReadUrl(configuration["PODFLARE_PUBLIC_URL"]));

    private static string? ReadRegion(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        return text.Length <= MaxRegion ? text.Trim() : throw new StartUpException($"PODFLARE_REGION must have at most {MaxRegion} characters.");
    }

    private static string? ReadUrl(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        var isUrl = Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length + url.Fragment.Length == 0;
        return isUrl ? url!.ToString().TrimEnd('/') : throw new StartUpException("PODFLARE_PUBLIC_URL must be an absolute http or https URL without a query.");
    }
}
