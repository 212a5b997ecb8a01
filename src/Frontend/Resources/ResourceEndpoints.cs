using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Resources;

/// <summary>Shows what a sandbox uses.</summary>
internal static class ResourceEndpoints
{
    private const long LastMoment = 253_402_300_799_999;  // in the year 9999, where dates end

    public static void MapResources(this RouteGroupBuilder api) => api.MapGet("/sandboxes/{id}/metrics", GetAsync);

    private static async Task<JsonHttpResult<MetricsJson>> GetAsync(
        HttpRequest request, SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var (from, to) = (Moment(request, "start"), Moment(request, "end"));
        if (from > to) throw ProblemException.Invalid("start", "must not be later than end");
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        var metrics = await GrainCallRetry.RetryLostAsync(() => sandbox.GetMetrics(caller.Tenant, from, to, cancellationToken), time, cancellationToken);
        return TypedResults.Json(MetricsJson.Of(metrics), MetricsJsonContext.Default.MetricsJson);
    }

    private static DateTimeOffset? Moment(HttpRequest request, string name) =>
        QueryParameters.Number(request, name, 0, LastMoment) is { } milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}
