using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>Lists, gets, follows, replays and controls runs.</summary>
internal static class RunEndpoints
{
    public static IServiceCollection AddRunEndpoints(this IServiceCollection services) => services
        .AddSingleton<RunStarter>().AddSingleton<StartServices>().AddSingleton<RunReplies>().AddSingleton<StdinWriter>().AddSingleton<RunEventsHandler>().AddSingleton<ReplayHandler>();

    public static void MapRuns(this RouteGroupBuilder api, Mount mount)
    {
        var sandbox = api.MapGroup("/sandboxes/{id}");
        sandbox.MapStarts(mount);
        sandbox.MapGet("/replay", (HttpContext context, SandboxId id, Caller caller, ReplayHandler replay) => replay.ReplayAsync(context, caller.Tenant, id, mount))
            .WithMetadata(new DisableRequestDeadline());
        if (mount == Mount.Compat) return;

        sandbox.MapGet("/runs", ListAsync);
        sandbox.MapGet("/runs/{run}", (SandboxId id, RunId run, Caller caller, RunReplies replies, CancellationToken token) => GetAsync(id, run, caller, replies, token));
        sandbox.MapGet("/runs/{run}/trace", (HttpResponse response, SandboxId id, RunId run, Caller caller, RunReplies replies, CancellationToken token) =>
            replies.GetTraceAsync(response, caller.Tenant, id, run, token));
        sandbox.MapGet("/runs/background", (SandboxId id, Caller caller, RunReplies replies, CancellationToken token) => GetAsync(id, RunId.ForBackground(id), caller, replies, token));
        sandbox.MapGet("/runs/{run}/events", (HttpContext context, SandboxId id, RunId run, Caller caller, RunEventsHandler events) => events.ReplyAsync(context, caller.Tenant, id, run))
            .WithMetadata(new DisableRequestDeadline());
        sandbox.MapGet("/runs/background/events", (HttpContext context, SandboxId id, Caller caller, RunEventsHandler events) => events.ReplyAsync(context, caller.Tenant, id, RunId.ForBackground(id)))
            .WithMetadata(new DisableRequestDeadline());
        var run = sandbox.MapGroup("/runs/{run}").WithMetadata(new DisableRequestDeadline());
        run.MapPost("/interrupt", InterruptAsync);
        run.MapPost("/signal", SignalAsync);
        run.MapPost("/resize", ResizeAsync);
        run.MapPost("/stdin", StdinAsync);
        run.MapPost("/tool_results", ToolResultsEndpoint.PostAsync);
    }

    private static Task<JsonHttpResult<RunPageJson>> ListAsync(
        HttpRequest request, SandboxId id, Caller caller, RunReplies replies, IOptions<RunOptions> limits, CancellationToken cancellationToken) =>
        replies.ListAsync(caller.Tenant, id, RunsQuery.Parse(request, limits.Value), cancellationToken);

    private static Task<JsonHttpResult<RunJson>> GetAsync(SandboxId id, RunId run, Caller caller, RunReplies replies, CancellationToken cancellationToken) =>
        replies.GetAsync(caller.Tenant, id, run, StatusCodes.Status200OK, cancellationToken);

    private static async Task<StatusCodeHttpResult> InterruptAsync(
        HttpContext context, SandboxId id, RunId run, Caller caller, IGrainFactory grains, JsonRequestHandler requests, IOptions<RunOptions> limits)
    {
        // Without a grace time of its own, the request also works in sandboxes that were created before there was one.
        await requests.HandleAsync(context, utf8 => InterruptRequest.Parse(utf8, limits.Value), Done<InterruptRequest>((request, token) => request.Grace is { } grace
            ? Of(grains, id).Interrupt(caller.Tenant, run, grace, token)
            : Of(grains, id).Interrupt(caller.Tenant, run, token)));
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    // Repeated when its answer is lost: a signal may arrive twice.
    private static async Task<StatusCodeHttpResult> SignalAsync(HttpContext context, SandboxId id, RunId run, Caller caller, IGrainFactory grains, JsonRequestHandler requests)
    {
        await requests.HandleAsync(context, SignalRequest.Parse, Done<SignalRequest>((request, token) => Of(grains, id).Signal(caller.Tenant, run, request.Signal, request.Scope, token)));
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static async Task<NoContent> ResizeAsync(HttpContext context, SandboxId id, RunId run, Caller caller, IGrainFactory grains, JsonRequestHandler requests)
    {
        await requests.HandleAsync(context, ResizeRequest.Parse, Done<TerminalSize>((size, token) => Of(grains, id).Resize(caller.Tenant, run, size, token)));
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<StdinJson>> StdinAsync(HttpContext context, SandboxId id, RunId run, Caller caller, StdinWriter stdin, IOptions<RunOptions> limits)
    {
        var accepted = await stdin.WriteAsync(context, caller.Tenant, id, run, utf8 => StdinRequest.Parse(utf8, limits.Value));
        return TypedResults.Json(new StdinJson(accepted), RunJsonContext.Default.StdinJson, statusCode: StatusCodes.Status202Accepted);
    }

    private static ISandboxGrain Of(IGrainFactory grains, SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value);

    private static Func<T, CancellationToken, Task<bool>> Done<T>(Func<T, CancellationToken, Task> call) => async (request, token) =>
    {
        await call(request, token);
        return true;
    };
}
