using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Logs;

/// <summary>Shows what the service logged about a sandbox.</summary>
internal static class LogEndpoints
{
    private const int DefaultLimit = 200;
    private const int MaxLimit = 2_000;

    public static void MapLogs(this RouteGroupBuilder api) => api.MapGet("/sandboxes/{id}/logs", GetAsync);

    private static async Task<JsonHttpResult<LogPageJson>> GetAsync(
        HttpRequest request, SandboxId id, Caller caller, IGrainFactory grains, ISandboxLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        var after = QueryParameters.Number(request, "after", 0, long.MaxValue) ?? 0;
        var limit = QueryParameters.Number(request, "limit", 1, MaxLimit) ?? DefaultLimit;
        // Only its tenant gets past this. It works without the sandbox's host, and for a day after its end.
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Get(caller.Tenant), time, cancellationToken);
        var page = await log.ReadAsync(id, after, (int)limit, cancellationToken);
        return TypedResults.Json(LogPageJson.Of(page), LogJsonContext.Default.LogPageJson);
    }
}
