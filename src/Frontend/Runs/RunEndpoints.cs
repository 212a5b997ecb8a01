using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Bodies;
using Podflare.Hosting;
using Podflare.Keys;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>Start, look at, follow and interrupt runs.</summary>
internal static class RunEndpoints
{
    public static IServiceCollection AddRunEndpoints(this IServiceCollection services)
    {
        return services.AddSingleton<RunStarter>().AddSingleton<ExecServices>().AddSingleton<EventReplies>();
    }

    public static void MapRuns(this RouteGroupBuilder api, Mount mount)
    {
        var runs = api.MapGroup("/sandboxes/{id}");
        runs.MapPost("/exec", (HttpContext context, SandboxId id, Caller caller, ExecServices services) => ExecAsync(context, id, caller, services, mount))
            .WithMetadata(new OwnDeadline());
        if (mount == Mount.Compat) return;

        runs.MapGet("/runs/{run}", GetAsync);
        runs.MapGet("/runs/{run}/events", (HttpContext context, SandboxId id, RunId run, Caller caller, EventReplies replies) => replies.ReplyAsync(context, caller.Tenant, id, run))
            .WithMetadata(new OwnDeadline());
        runs.MapPost("/runs/{run}/interrupt", InterruptAsync);
    }

    private static async Task ExecAsync(HttpContext context, SandboxId id, Caller caller, ExecServices services, Mount mount)
    {
        services.Streams.EnsureOpen();
        var key = IdempotencyKey.Read(context.Request);
        var asked = EventsQuery.ParseHeartbeat(context.Request);
        var run = key is null ? RunId.New() : RunId.FromKey(caller.Tenant, id, key);
        var (started, warnings) = await StartAsync(context, id, run, caller, services);
        await using var feed = started.Feed;
        using var open = services.Streams.Enter(context);
        EventFormat format = mount.JoinsLines ? new JoinedLines() : new StoredLines();
        EventResponse.Prepare(context.Response, format.ContentType, run);
        if (started.Accepted.TraceParent is { } span) TraceHeaders.Write(context.Response, span);
        if (LogCall.Current is { } call) call.Run = run.Value;
        if (CallTrace.Of(context).Caller is { } trace) services.Traces.Note(run, trace);
        else services.Traces.Note(id, caller.Tenant.Value, started.Accepted.Trace);
        if (started.Accepted.ReplRestarted) context.Response.Headers["Podflare-Repl-Restarted"] = "1";
        if (key is not null && started.Accepted.Joined) context.Response.Headers[IdempotencyKey.Replayed] = "true";
        if (warnings.Count > 0) context.Response.Headers["Podflare-Warning"] = string.Join("; ", warnings);
        var heartbeat = asked ?? (mount.JoinsLines ? TimeSpan.FromSeconds(services.Http.Value.CompatHeartbeatSeconds) : null);
        await EventResponse.SendAsync(context, feed, format, heartbeat, services.Time);
    }

    private static async Task<(StartedRun Run, IReadOnlyList<string> Warnings)> StartAsync(HttpContext context, SandboxId id, RunId run, Caller caller, ExecServices services)
    {
        // Kept until the guest has the code: so the places for large bodies bound the code that is on its way as well.
        using var body = await services.Bodies.ReadAsync(context);
        var request = ExecRequest.Parse(body.Utf8, services.Runs.Value, services.Create.Value);
        using var deadline = new Deadline(services.Http.Value.StartSeconds, services.Time, context.RequestAborted);
        var trace = CallTrace.Of(context);
        var traced = request.Run with { Trace = trace.Caller, Span = trace.Span };
        return (await services.Starter.StartAsync(caller.Tenant, id, run, traced, deadline), request.Warnings);
    }

    private static async Task<JsonHttpResult<RunJson>> GetAsync(
        SandboxId id, RunId run, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var info = await Repeat.WhenLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).GetRun(caller.Tenant, run), time, cancellationToken);
        return TypedResults.Json(RunJson.Of(info), ApiJson.Default.RunJson);
    }

    private static async Task<StatusCodeHttpResult> InterruptAsync(
        SandboxId id, RunId run, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await Repeat.WhenLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Interrupt(caller.Tenant, run, cancellationToken), time, cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }
}

/// <summary>What an exec needs.</summary>
internal sealed record ExecServices(
    RunStarter Starter, BodyReader Bodies, OpenStreams Streams, IOptions<RunOptions> Runs, IOptions<CreateOptions> Create, IOptions<HttpOptions> Http, SandboxTraces Traces, TimeProvider Time);
