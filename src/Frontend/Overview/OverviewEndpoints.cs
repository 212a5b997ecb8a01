using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Hosts;
using Podflare.Http;

namespace Podflare.Overview;

/// <summary>Shows a tenant what it does.</summary>
internal static class OverviewEndpoints
{
    public static void MapOverview(this RouteGroupBuilder api) => api.MapGet("/overview", GetAsync);

    private static async Task<JsonHttpResult<OverviewJson>> GetAsync(Caller caller, HostDirectory hosts, TimeProvider time, CancellationToken cancellationToken)
    {
        var answers = await hosts.AskAsync(host => host.GetTraffic(caller.Tenant), cancellationToken);
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        return TypedResults.Json(OverviewJson.Of([.. answers.Select(known => known.Answer)], minute), OverviewJsonContext.Default.OverviewJson);
    }
}
