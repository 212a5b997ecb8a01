using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.OpenApi;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>Starts, gets, follows, interrupts and replays runs.</summary>
internal static class RunEndpoints
{
    public static IServiceCollection AddRunEndpoints(this IServiceCollection services)
    {
        return services.AddSingleton<RunStarter>().AddSingleton<ExecServices>().AddSingleton<RunEventsHandler>().AddSingleton<ReplayHandler>();
    }

    public static void MapRuns(this RouteGroupBuilder api, Mount mount)
    {
        var runs = api.MapGroup("/sandboxes/{id}");
        runs.MapPost("/exec", (HttpContext context, SandboxId id, Caller caller, ExecServices services) => ExecAsync(context, id, caller, services, mount))
            .WithMetadata(new DisableRequestDeadline());
        runs.MapGet("/replay", (HttpContext context, SandboxId id, Caller caller, ReplayHandler replay) => replay.ReplayAsync(context, caller.Tenant, id, mount))
            .WithMetadata(new DisableRequestDeadline());
        if (mount == Mount.Compat) return;

        runs.MapGet("/runs/{run}", GetAsync);
        runs.MapGet("/runs/{run}/events", (HttpContext context, SandboxId id, RunId run, Caller caller, RunEventsHandler replies) => replies.ReplyAsync(context, caller.Tenant, id, run))
            .WithMetadata(new DisableRequestDeadline());
        runs.MapPost("/runs/{run}/interrupt", InterruptAsync);
    }

    private static async Task ExecAsync(HttpContext context, SandboxId id, Caller caller, ExecServices services, Mount mount)
    {
        services.Streams.ThrowIfDraining();
        var key = IdempotencyKey.Read(context.Request);
        var asked = EventsQuery.ParseHeartbeat(context.Request);
        var run = key is null ? RunId.New() : RunId.FromKey(caller.Tenant, id, key);
        var (started, warnings) = await StartAsync(context, id, run, keyless: key is null, caller, services);
        await using var events = started.Events;
        using var open = services.Streams.Track(context);
        EventFormatter format = mount.EventFormat == EventFormat.JoinedLines ? new JoinedLineFormatter() : new NdjsonFormatter();
        EventResponseWriter.Prepare(context.Response, format.ContentType, run);
        if (started.Accepted.TraceParent is { } span) TraceResponseHeaders.Write(context.Response, span);
        if (LogCall.Current is { } call) call.Run = run.Value;
        if (RequestTrace.Of(context).Caller is { } trace) services.Traces.Note(run, trace);
        else services.Traces.Note(id, caller.Tenant.Value, started.Accepted.Trace);
        if (started.Accepted.ReplRestarted) context.Response.Headers["Podflare-Repl-Restarted"] = "1";
        if (key is not null && started.Accepted.Joined) context.Response.Headers[IdempotencyKey.Replayed] = "true";
        if (warnings.Count > 0) context.Response.Headers["Podflare-Warning"] = string.Join("; ", warnings);
        var heartbeat = asked ?? (mount.EventFormat == EventFormat.JoinedLines ? TimeSpan.FromSeconds(services.Http.Value.CompatHeartbeatSeconds) : null);
        await EventResponseWriter.SendAsync(context, events, format, heartbeat, services.Time);
    }

    private static async Task<(StartedRun Run, IReadOnlyList<string> Warnings)> StartAsync(
        HttpContext context, SandboxId id, RunId run, bool keyless, Caller caller, ExecServices services)
    {
        // Kept until the guest has the code, so that the limit for large bodies also bounds the code in transit.
        using var body = await services.Bodies.ReadAsync(context);
        var request = ExecRequest.Parse(body.Utf8, services.Runs.Value, services.Create.Value);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(services.Http.Value.StartSeconds), services.Time, context.RequestAborted);
        var trace = RequestTrace.Of(context);
        var traced = request.Run with { Trace = trace.Caller, Span = trace.Span, Keyless = keyless };
        return (await services.Starter.StartAsync(caller.Tenant, id, run, traced, deadline), request.Warnings);
    }

    private static async Task<JsonHttpResult<RunJson>> GetAsync(
        SandboxId id, RunId run, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var info = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetRun(caller.Tenant, run), time, cancellationToken);
        return TypedResults.Json(RunJson.Of(info), RunJsonContext.Default.RunJson);
    }

    private static async Task<StatusCodeHttpResult> InterruptAsync(
        SandboxId id, RunId run, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Interrupt(caller.Tenant, run, cancellationToken), time, cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }
}

/// <summary>The services that starting a run uses.</summary>
internal sealed record ExecServices(
    RunStarter Starter, JsonBodyReader Bodies, OpenStreams Streams, IOptions<RunOptions> Runs, IOptions<CreateOptions> Create, IOptions<HttpOptions> Http, SandboxTraces Traces, TimeProvider Time);
