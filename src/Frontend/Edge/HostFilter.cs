using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Edge;

/// <summary>
/// Refuses requests for a host name that is not this server's. A web page whose own name is made to lead to this server (DNS rebinding) would
/// otherwise be of the same origin as the server, and could read and run everything.
/// </summary>
internal sealed class HostFilter(RequestDelegate next, EdgeSettings settings)
{
    private const int MaxShown = 80;

    public Task InvokeAsync(HttpContext context) => context.Features.Get<KnownHost>() is not null || IsAllowed(context.Request.Host.Host) ? next(context) : throw new ProblemException(Refusal(context.Request.Host.Host));

    internal static Problem Refusal(string host) => new(421, "host_not_allowed", $"this server is not '{(host.Length <= MaxShown ? host : $"{host[..MaxShown]}…")}'")
    {
        Detail = $"use the server's IP address or localhost, or add the host name to {HttpOptions.Section}:{nameof(HttpOptions.AllowedHosts)} of the server",
    };

    // Rebinding needs a name, so addresses are safe. Only HTTP/1.0 has requests without a host, and no browser sends those.
    private bool IsAllowed(string host) =>
        host.Length == 0 || settings.Hosts!.Contains(host) || EdgeSettings.IsIpLiteral(host) || (host[^1] == '.' && settings.Hosts!.Contains(host[..^1]));
}
