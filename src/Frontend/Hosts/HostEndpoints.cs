using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Hosts;

/// <summary>Lists the hosts of the cluster, for its operator.</summary>
internal static class HostEndpoints
{
    public static IServiceCollection AddHostEndpoints(this IServiceCollection services) => services.AddSingleton<IsolationNotice>();

    public static void MapHosts(this RouteGroupBuilder api) => api.MapGet("/hosts", ListAsync).RequireScope(KeyScopes.None);

    private static async Task<JsonHttpResult<HostListJson>> ListAsync(Caller caller, HostDirectory hosts, TimeProvider time, CancellationToken cancellationToken)
    {
        // A server without authentication has one operator, and everybody is that one.
        if (caller.Actor != AuditActor.Anonymous && !caller.Scopes.Allows(KeyScopes.Admin)) throw new ProblemException(Problem.InsufficientScope(KeyScopes.Admin));
        var loads = await hosts.AskAsync(host => host.Load(), cancellationToken);
        var now = time.GetUtcNow();
        var list = loads.OrderBy(known => known.Host, StringComparer.Ordinal).Select(known => HostJson.Of(known.Host, known.Answer, known.Answer is null ? hosts.LastSeen(known.Host) : now));
        return TypedResults.Json(new HostListJson([.. list]), HostJsonContext.Default.HostListJson);
    }
}
