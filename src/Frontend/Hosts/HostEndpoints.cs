using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Hosts;

/// <summary>Lists the hosts of the cluster, and takes them out of service, for its operator.</summary>
internal static class HostEndpoints
{
    private const int IdDigits = 8;

    public static IServiceCollection AddHostEndpoints(this IServiceCollection services) => services.AddSingleton<IsolationNotice>();

    public static void MapHosts(this RouteGroupBuilder api)
    {
        api.MapGet("/hosts", ListAsync).RequireScope(KeyScopes.None);
        MapMode("cordon", HostMode.Cordoned);
        MapMode("uncordon", HostMode.Ready);
        MapMode("drain", HostMode.Draining);

        void MapMode(string action, HostMode mode) => api.MapPost(
            $"/hosts/{{host}}/{action}",
            (string host, Caller caller, HostDirectory directory, IGrainFactory grains, TimeProvider time, CancellationToken token) => SetModeAsync(host, mode, caller, directory, grains, time, token))
            .RequireScope(KeyScopes.None);
    }

    private static async Task<JsonHttpResult<HostListJson>> ListAsync(Caller caller, HostDirectory hosts, TimeProvider time, CancellationToken cancellationToken)
    {
        Guard(caller);
        var loads = await hosts.AskAsync(host => host.Load(), cancellationToken);
        var now = time.GetUtcNow();
        var list = loads.OrderBy(known => known.Host, StringComparer.Ordinal).Select(known => HostJson.Of(known.Host, known.Answer, known.Answer is null ? hosts.LastSeen(known.Host) : now));
        return TypedResults.Json(new HostListJson([.. list]), HostJsonContext.Default.HostListJson);
    }

    private static async Task<JsonHttpResult<HostJson>> SetModeAsync(
        string host, HostMode mode, Caller caller, HostDirectory hosts, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        Guard(caller);
        if (host.Length != IdDigits || !host.All(char.IsAsciiHexDigitLower) || !hosts.IsAlive(host)) throw new ProblemException(Problem.HostNotFound());
        var grain = grains.GetGrain<IHostGrain>(host);
        await GrainCallRetry.RetryLostAsync(() => grain.SetMode(mode), time, cancellationToken);
        return TypedResults.Json(HostJson.Of(host, await grain.Load(), time.GetUtcNow()), HostJsonContext.Default.HostJson);
    }

    // A server without authentication has one operator, and everybody is that one.
    private static void Guard(Caller caller)
    {
        if (caller.Actor != AuditActor.Anonymous && !caller.Scopes.Allows(KeyScopes.Admin)) throw new ProblemException(Problem.InsufficientScope(KeyScopes.Admin));
    }
}
