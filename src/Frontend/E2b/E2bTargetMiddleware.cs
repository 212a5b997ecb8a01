using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.E2b;

/// <summary>
/// Recognizes requests of E2B clients by host, or by path and headers, and routes them to the dialect. Hosts win, so that nothing but the
/// dialect is reached through the host of a sandbox.
/// </summary>
internal sealed partial class E2bTargetMiddleware(RequestDelegate next, IOptions<E2bOptions> options, E2bErrorWriter errors)
{
    private const string IdHeader = "E2b-Sandbox-Id";
    private const string PortHeader = "E2b-Sandbox-Port";
    private const string KeyHeader = "X-API-Key";
    private const string LocalDomain = "localhost";

    private readonly PathString _mount = new(options.Value.Path);

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (FromHost(request.Host.Host) is { } byHost)
        {
            context.Features.Set(KnownHost.Instance);
            return ContinueAsync(context, byHost, request.Path);
        }

        if (request.Path.StartsWithSegments(_mount, out var rest)) return ContinueAsync(context, FromHeaders(request), rest);
        return request.Path.StartsWithSegments(E2bTarget.Prefix) ? throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status404NotFound)) : next(context);
    }

    private Task ContinueAsync(HttpContext context, E2bTarget target, PathString path)
    {
        context.Features.Set(target);
        context.Features.Set<IProblemFormat>(errors);
        context.Request.Path = target.RouteOf(path);
        if (target.IsControl && context.Request.Headers[KeyHeader] is [{ Length: > 0 } key]) context.Request.Headers.Authorization = $"Bearer {key}";
        return next(context);
    }

    private E2bTarget? FromHost(string written)
    {
        // A name may end with the dot of the root.
        var host = written.EndsWith('.') ? written[..^1] : written;
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0) return null;
        var (label, domain) = (host[..dot], host[(dot + 1)..]);
        var isOurs = options.Value.DomainHost is { } ours && domain.Equals(ours, StringComparison.OrdinalIgnoreCase);
        if (isOurs && label.Equals("api", StringComparison.OrdinalIgnoreCase)) return E2bTarget.Control;
        if (!isOurs && !domain.Equals(LocalDomain, StringComparison.OrdinalIgnoreCase)) return null;
        if (Label().Match(label) is not { Success: true } match) return null;
        return PortOf(match.Groups[1].Value) is { } port ? Create(match.Groups[2].Value.ToLowerInvariant(), port) : new E2bTarget(null, E2bTarget.EnvdPort, "");
    }

    // The headers also decide about paths that both planes have, such as /health.
    private static E2bTarget FromHeaders(HttpRequest request) =>
        request.Headers[IdHeader] is [{ Length: > 0 } id] ? Create(id, PortOf(request.Headers[PortHeader].ToString()) ?? E2bTarget.EnvdPort) : E2bTarget.Control;

    private static E2bTarget Create(string id, int port) => PublicSandboxId.TryParse(id, out var sandbox) ? new E2bTarget(sandbox, port, PublicSandboxId.Of(sandbox)) : new E2bTarget(null, port, "");

    private static int? PortOf(string text)
    {
        const int most = 65_535;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= most ? port : null;
    }

    // Whatever follows the port: what looks like a sandbox's host never leads to anything else.
    [GeneratedRegex("^([0-9]+)-(.*)$", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Label();
}
