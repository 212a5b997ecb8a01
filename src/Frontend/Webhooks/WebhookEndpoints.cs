using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Requests;

namespace Podflare.Webhooks;

/// <summary>Creates, lists, changes, tests and deletes the webhooks of the caller's tenant, and shows what they were called with.</summary>
internal static class WebhookEndpoints
{
    public static IServiceCollection AddWebhookEndpoints(this IServiceCollection services) => services.AddSingleton<WebhookManager>();

    public static void MapWebhooks(this RouteGroupBuilder api)
    {
        var webhooks = api.MapGroup("/webhooks").RequireScope(KeyScopes.Keys);
        webhooks.MapPost("", CreateAsync).WithMetadata(new DisableRequestDeadline());
        webhooks.MapGet("", ListAsync);
        webhooks.MapGet("/{webhook}", GetAsync);
        webhooks.MapPatch("/{webhook}", UpdateAsync).WithMetadata(new DisableRequestDeadline());
        webhooks.MapDelete("/{webhook}", DeleteAsync);
        webhooks.MapPost("/{webhook}/rotate", RotateAsync);
        webhooks.MapPost("/{webhook}/test", TestAsync);
        webhooks.MapGet("/{webhook}/deliveries", ListDeliveriesAsync);
        webhooks.MapPost("/{webhook}/deliveries/{seq}/replay", ReplayAsync);
    }

    private static async Task<JsonHttpResult<WebhookJson>> CreateAsync(HttpContext context, Caller caller, WebhookManager manager, JsonRequestHandler requests)
    {
        var created = await requests.HandleOnceAsync(context, WebhookRequests.ParseCreate, (spec, _) => manager.List(caller).Create(spec, RequestOrigin.Of(context, caller)));
        context.Response.Headers.Location = $"/v1/webhooks/{created.Webhook.Id}";
        context.Response.Headers.CacheControl = "no-store";
        return Reply(created, StatusCodes.Status201Created);
    }

    private static async Task<JsonHttpResult<WebhookListJson>> ListAsync(Caller caller, WebhookManager manager, CancellationToken cancellationToken)
    {
        var found = await manager.CallAsync(() => manager.List(caller).List(), cancellationToken);
        return TypedResults.Json(new WebhookListJson([.. found.Select(webhook => WebhookJson.Of(webhook))]), WebhookJsonContext.Default.WebhookListJson);
    }

    private static async Task<JsonHttpResult<WebhookJson>> GetAsync(WebhookId webhook, Caller caller, WebhookManager manager, CancellationToken cancellationToken) =>
        Reply(await manager.CallAsync(() => manager.Find(caller, webhook).Get(), cancellationToken));

    private static async Task<JsonHttpResult<WebhookJson>> UpdateAsync(HttpContext context, WebhookId webhook, Caller caller, WebhookManager manager, JsonRequestHandler requests) =>
        Reply(await requests.HandleAsync(context, WebhookRequests.ParseUpdate, (update, _) => manager.Find(caller, webhook).Update(update, RequestOrigin.Of(context, caller))));

    private static async Task<NoContent> DeleteAsync(HttpContext context, WebhookId webhook, Caller caller, WebhookManager manager)
    {
        await manager.List(caller).Delete(webhook, RequestOrigin.Of(context, caller)).WaitAsync(context.RequestAborted);
        return TypedResults.NoContent();
    }

    // Made once: a second rotation would take away the secret that the receiver has.
    private static async Task<JsonHttpResult<WebhookJson>> RotateAsync(HttpContext context, WebhookId webhook, Caller caller, WebhookManager manager)
    {
        var rotated = await manager.Find(caller, webhook).Rotate(RequestOrigin.Of(context, caller)).WaitAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return Reply(rotated, StatusCodes.Status200OK);
    }

    private static async Task<Accepted> TestAsync(HttpContext context, WebhookId webhook, Caller caller, WebhookManager manager)
    {
        await manager.Find(caller, webhook).Test().WaitAsync(context.RequestAborted);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<JsonHttpResult<DeliveryListJson>> ListDeliveriesAsync(WebhookId webhook, Caller caller, WebhookManager manager, CancellationToken cancellationToken)
    {
        var found = await manager.CallAsync(() => manager.Find(caller, webhook).Deliveries(), cancellationToken);
        return TypedResults.Json(new DeliveryListJson([.. found.Select(DeliveryJson.Of)]), WebhookJsonContext.Default.DeliveryListJson);
    }

    private static async Task<Accepted> ReplayAsync(WebhookId webhook, string seq, Caller caller, WebhookManager manager, CancellationToken cancellationToken)
    {
        if (!long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) throw new DeliveryNotFoundException();
        await manager.CallAsync(async () =>
        {
            await manager.Find(caller, webhook).Replay(number);
            return true;
        }, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static JsonHttpResult<WebhookJson> Reply(WebhookInfo webhook) => TypedResults.Json(WebhookJson.Of(webhook), WebhookJsonContext.Default.WebhookJson);

    private static JsonHttpResult<WebhookJson> Reply(WebhookSecret drawn, int status) =>
        TypedResults.Json(WebhookJson.Of(drawn.Webhook, drawn.Secret), WebhookJsonContext.Default.WebhookJson, statusCode: status);
}
