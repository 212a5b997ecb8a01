using Podflare.Keys;

namespace Podflare.Hosting;

/// <summary>What the <c>PODFLARE_*</c> variables say, checked once at the start.</summary>
/// <param name="Region">Shown in create answers; null where the server has none.</param>
/// <param name="PublicUrl">Address that clients are told to pin to, without a slash at its end; null where the server has none.</param>
internal sealed record ServerSettings(ListenAddress Listen, KeyRing Keys, AuthMode Auth, string? Region, string? PublicUrl)
{
    private const int MaxRegion = 64;

    public static ServerSettings Read(IConfiguration configuration)
    {
        var listen = ListenAddress.Parse(configuration[ListenAddress.Variable]);
        var keys = KeyRing.Parse(configuration[KeyRing.Variable]);
        var auth = AuthRules.Decide(keys, listen, configuration[AuthRules.DisabledVariable]);
        return new ServerSettings(listen, keys, auth, ReadRegion(configuration["PODFLARE_REGION"]), ReadUrl(configuration["PODFLARE_PUBLIC_URL"]));
    }

    private static string? ReadRegion(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        return text.Length <= MaxRegion ? text.Trim() : throw new StartUpException($"PODFLARE_REGION is longer than {MaxRegion} characters.");
    }

    private static string? ReadUrl(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        var isUrl = Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length + url.Fragment.Length == 0;
        return isUrl ? url!.ToString().TrimEnd('/') : throw new StartUpException("PODFLARE_PUBLIC_URL must be an absolute http or https address.");
    }
}
