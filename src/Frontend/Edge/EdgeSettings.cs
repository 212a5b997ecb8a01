using System.Collections.Frozen;
using System.Net;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Processes;

namespace Podflare.Edge;

/// <summary>From where browsers may use the server, read once at the start.</summary>
/// <param name="Hosts">The names in a <c>Host</c> header that are accepted besides IP addresses; null to accept every name.</param>
/// <param name="ChecksOrigin">Whether requests from pages of other origins are refused: nothing else tells them from those of a local program.</param>
/// <param name="Origins">The origins whose pages may use the API.</param>
internal sealed record EdgeSettings(FrozenSet<string>? Hosts, bool ChecksOrigin, FrozenSet<string> Origins)
{
    /// <summary>Every origin. Only a server that requires API keys accepts it.</summary>
    public const string AnyOrigin = "*";

    private const string HostsOption = $"{HttpOptions.Section}:{nameof(HttpOptions.AllowedHosts)}";
    private const string OriginsOption = $"{HttpOptions.Section}:{nameof(HttpOptions.AllowedOrigins)}";

    /// <summary>Whether pages of an origin may use the API.</summary>
    public bool Allows(string origin) => Origins.Contains(AnyOrigin) || Origins.Contains(origin);

    /// <exception cref="StartUpException">A host or an origin is not valid.</exception>
    public static EdgeSettings From(HttpOptions options, string? publicUrl, AuthMode mode)
    {
        foreach (var host in options.AllowedHosts) ThrowIfNotHost(host);
        foreach (var origin in options.AllowedOrigins) ThrowIfNotOrigin(origin, mode);
        IEnumerable<string> hosts = ["localhost", .. options.AllowedHosts];
        if (publicUrl is not null) hosts = hosts.Append(new Uri(publicUrl).Host);
        return new EdgeSettings(
            mode is AuthMode.Keys && options.AllowedHosts.Count == 0 ? null : hosts.ToFrozenSet(StringComparer.OrdinalIgnoreCase),
            mode is not AuthMode.Keys,
            options.AllowedOrigins.ToFrozenSet(StringComparer.OrdinalIgnoreCase));
    }

    private static void ThrowIfNotHost(string host)
    {
        if (Uri.CheckHostName(host) is not UriHostNameType.Dns) throw new StartUpException($"{HostsOption} contains '{host}'; it must be a host name without a port, such as podflare.example.com.");
    }

    private static void ThrowIfNotOrigin(string origin, AuthMode mode)
    {
        if (origin == AnyOrigin)
        {
            if (mode is AuthMode.Keys) return;
            throw new StartUpException($"{OriginsOption} is '{AnyOrigin}', and this server requires no API key, so every web page could run code on it. Name the origins.");
        }

        // Exactly as browsers write it, because the header is compared with it.
        var isOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && origin.Equals(url.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);
        if (!isOrigin) throw new StartUpException($"{OriginsOption} contains '{origin}'; it must be an origin such as https://app.example.com, with a port unless it is the default one, and without a path.");
    }

    /// <summary>Whether a host is the literal of an IP address, as browsers write it.</summary>
    public static bool IsIpLiteral(string host) =>
        host is ['[', .. var inner, ']']
            ? IPAddress.TryParse(inner, out _)
            // The parser also accepts "1" and "127.1".
            : host.AsSpan().Count('.') == 3 && IPAddress.TryParse(host, out _);
}
