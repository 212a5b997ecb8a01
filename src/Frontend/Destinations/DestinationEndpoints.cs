using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Requests;

namespace Podflare.Destinations;

/// <summary>Sets, shows, tests and removes where the telemetry of the caller's tenant goes.</summary>
internal static class DestinationEndpoints
{
    public static void MapDestinations(this RouteGroupBuilder api)
    {
        var telemetry = api.MapGroup("/telemetry").RequireScope(KeyScopes.Keys);
        telemetry.MapPut("", SetAsync).WithMetadata(new DisableRequestDeadline());
        telemetry.MapGet("", GetAsync);
        telemetry.MapDelete("", DeleteAsync);
        telemetry.MapPost("/test", TestAsync).WithMetadata(new DisableRequestDeadline());
    }

    private static async Task<JsonHttpResult<DestinationJson>> SetAsync(HttpContext context, Caller caller, IGrainFactory grains, JsonRequestHandler requests)
    {
        var changed = await requests.HandleAsync(context, DestinationRequest.Parse, (spec, _) => Of(grains, caller).Set(spec, RequestOrigin.Of(context, caller)));
        return Reply(DestinationJson.Of(changed.Destination, changed.Warnings));
    }

    private static async Task<JsonHttpResult<DestinationJson>> GetAsync(Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken) =>
        Reply(DestinationJson.Of(await GrainCallRetry.RetryLostAsync(() => Of(grains, caller).Get(), time, cancellationToken), null));

    private static async Task<NoContent> DeleteAsync(HttpContext context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await GrainCallRetry.RetryLostAsync(() => Of(grains, caller).Delete(RequestOrigin.Of(context, caller)), time, cancellationToken);
        return TypedResults.NoContent();
    }

    // Its time is that of one request to the destination, which has a limit of its own.
    private static async Task<JsonHttpResult<DestinationTestJson>> TestAsync(Caller caller, IGrainFactory grains, CancellationToken cancellationToken)
    {
        var test = await Of(grains, caller).Test().WaitAsync(cancellationToken);
        return TypedResults.Json(new DestinationTestJson(test.Outcome, test.Ms), DestinationJsonContext.Default.DestinationTestJson);
    }

    private static IDestinationGrain Of(IGrainFactory grains, Caller caller) => grains.GetGrain<IDestinationGrain>(caller.Tenant.Value);

    private static JsonHttpResult<DestinationJson> Reply(DestinationJson destination) => TypedResults.Json(destination, DestinationJsonContext.Default.DestinationJson);
}
