using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Contexts;

/// <summary>Creates, lists, gets, deletes, restarts and interrupts the contexts of a sandbox.</summary>
internal static class ContextEndpoints
{
    public static void MapContexts(this RouteGroupBuilder api)
    {
        var contexts = api.MapGroup("/sandboxes/{id}/contexts");
        contexts.MapGet("", ListAsync);
        contexts.MapPost("", CreateAsync).WithMetadata(new DisableRequestDeadline());
        contexts.MapGet("/{context}", GetAsync);
        contexts.MapDelete("/{context}", DeleteAsync);
        contexts.MapPost("/{context}/restart", RestartAsync);
        contexts.MapPost("/{context}/interrupt", InterruptAsync).WithMetadata(new DisableRequestDeadline());
    }

    private static async Task<JsonHttpResult<ContextJson>> CreateAsync(
        HttpContext http, SandboxId id, Caller caller, IGrainFactory grains, JsonRequestHandler requests, IOptions<CreateOptions> limits)
    {
        var creation = await requests.HandleAsync(
            http, utf8 => ContextRequest.Parse(utf8, limits.Value.MaxEnvBytes), (spec, token) => Of(grains, id).Create(caller.Tenant, spec, token));
        http.Response.Headers.Location = $"/v1/sandboxes/{id}/contexts/{creation.Context.Id}";
        return TypedResults.Json(
            ContextJson.Of(creation.Context), ContextJsonContext.Default.ContextJson, statusCode: creation.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<JsonHttpResult<ContextListJson>> ListAsync(SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var found = await GrainCallRetry.RetryLostAsync(() => Of(grains, id).List(caller.Tenant, cancellationToken), time, cancellationToken);
        return TypedResults.Json(new ContextListJson([.. found.Select(ContextJson.Of)]), ContextJsonContext.Default.ContextListJson);
    }

    private static async Task<JsonHttpResult<ContextJson>> GetAsync(
        SandboxId id, ContextId context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken) =>
        Reply(await GrainCallRetry.RetryLostAsync(() => Of(grains, id).Get(caller.Tenant, context, cancellationToken), time, cancellationToken));

    private static async Task<NoContent> DeleteAsync(
        SandboxId id, ContextId context, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await GrainCallRetry.RetryLostAsync(() => Of(grains, id).Delete(caller.Tenant, context, cancellationToken), time, cancellationToken);
        return TypedResults.NoContent();
    }

    // Not repeated: a second restart would end the runs that came after the first one.
    private static async Task<JsonHttpResult<ContextJson>> RestartAsync(
        SandboxId id, ContextId context, Caller caller, IGrainFactory grains, CancellationToken cancellationToken) =>
        Reply(await Of(grains, id).Restart(caller.Tenant, context, cancellationToken).WaitAsync(cancellationToken));

    private static async Task<JsonHttpResult<InterruptedJson>> InterruptAsync(
        HttpContext http, SandboxId id, ContextId context, Caller caller, IGrainFactory grains, JsonRequestHandler requests, IOptions<RunOptions> limits)
    {
        var runs = await requests.HandleAsync(
            http, utf8 => InterruptRequest.Parse(utf8, limits.Value), (request, token) => Of(grains, id).Interrupt(caller.Tenant, context, request.Queued, request.Grace, token));
        return TypedResults.Json(new InterruptedJson([.. runs.Select(run => run.Value)]), ContextJsonContext.Default.InterruptedJson, statusCode: StatusCodes.Status202Accepted);
    }

    private static JsonHttpResult<ContextJson> Reply(ContextInfo context) => TypedResults.Json(ContextJson.Of(context), ContextJsonContext.Default.ContextJson);

    private static IContextExtension Of(IGrainFactory grains, SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value).AsReference<IContextExtension>();
}
