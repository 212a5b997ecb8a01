using System.CommandLine;
using Podflare.Cli.Configuration;

namespace Podflare.Cli.Hosting;

/// <summary>The server that a command talks to.</summary>
/// <param name="Url">Null: the SDK's default.</param>
/// <param name="ApiKey">Null: <c>PODFLARE_API_KEY</c>; empty: none.</param>
/// <param name="Origin">Where the address comes from.</param>
internal sealed record ServerSelection(Uri? Url, string? ApiKey, string Origin)
{
    public bool HasKey => ApiKey is { Length: > 0 } || (ApiKey is null && Variable(GlobalOptions.ApiKeyVariable) is not null);

    /// <summary>
    /// In this order: --url, --profile, PODFLARE_HOSTD_URL, PODFLARE_PROFILE, the current profile, the default. The key of a profile is only ever
    /// sent to the server of that profile, and a server of a profile receives no other key unless --api-key names it.
    /// </summary>
    public static ServerSelection From(ParseResult parsed, GlobalOptions global, ProfileStore profiles)
    {
        var key = parsed.GetValue(global.ApiKey) is { Length: > 0 } given ? given : null;
        if (parsed.GetValue(global.Url) is { Length: > 0 } url) return new ServerSelection(Parse(url, "--url"), key, "--url");
        if (parsed.GetValue(global.Profile) is { Length: > 0 } name) return Of(profiles.Get(name), "--profile");
        if (Variable(GlobalOptions.UrlVariable) is not null) return new ServerSelection(null, key, GlobalOptions.UrlVariable);
        if (Variable(GlobalOptions.ProfileVariable) is { } variable) return Of(profiles.Get(variable), GlobalOptions.ProfileVariable);
        if (profiles.Current is { } current) return Of(current, "the current profile");
        return new ServerSelection(null, key, "the default");

        ServerSelection Of(Profile profile, string origin) => new(Parse(profile.Url, $"profile {profile.Name}"), key ?? profile.ApiKey ?? "", $"profile {profile.Name}, {origin}");
    }

    /// <summary>Parses an address. Without a scheme, http is assumed.</summary>
    public static Uri Parse(string text, string source) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CliException($"{source}: '{text}' is not a valid http or https address.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } text ? text : null;
}
