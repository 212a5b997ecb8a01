using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>Starts runs: with their events as the response, or without.</summary>
internal static class StartEndpoints
{
    public static void MapStarts(this RouteGroupBuilder sandbox, Mount mount)
    {
        sandbox.MapPost("/exec", (HttpContext context, SandboxId id, Caller caller, StartServices services) => ExecAsync(context, id, caller, services, mount))
            .WithMetadata(new DisableRequestDeadline());
        if (mount == Mount.Main) sandbox.MapPost("/runs", StartAsync).WithMetadata(new DisableRequestDeadline());
    }

    private static async Task ExecAsync(HttpContext context, SandboxId id, Caller caller, StartServices services, Mount mount)
    {
        services.Streams.ThrowIfDraining();
        var key = IdempotencyKey.Read(context.Request);
        var asked = EventsQuery.ParseHeartbeat(context.Request);
        var run = StartServices.RunOf(key, id, caller);
        var (started, warnings) = await services.AcceptAsync(
            context, services.ParserOf(mount), key, (request, deadline) => services.Starter.StartAsync(caller.Tenant, id, run, request, deadline));
        await using var events = started.Events;
        using var open = services.Streams.Track(context);
        EventFormatter format = mount.EventFormat == EventFormat.JoinedLines ? new JoinedLineFormatter() : new NdjsonFormatter();
        EventResponseWriter.Prepare(context.Response, format.ContentType, run);
        services.WriteAccepted(context, id, caller, key, started.Accepted, warnings);
        var heartbeat = asked ?? (mount.EventFormat == EventFormat.JoinedLines ? TimeSpan.FromSeconds(services.Http.Value.CompatHeartbeatSeconds) : null);
        await EventResponseWriter.SendAsync(context, events, format, heartbeat, services.Time);
    }

    private static async Task<JsonHttpResult<RunJson>> StartAsync(HttpContext context, SandboxId id, Caller caller, StartServices services, RunReplies replies)
    {
        services.Streams.ThrowIfDraining();
        var key = IdempotencyKey.Read(context.Request);
        var run = StartServices.RunOf(key, id, caller);
        var (accepted, warnings) = await services.AcceptAsync(
            context, services.ParserOf(Mount.Main), key, (request, deadline) => services.Starter.StartUnreadAsync(caller.Tenant, id, run, request, deadline));
        var reply = await replies.GetAsync(caller.Tenant, id, run, StatusCodes.Status201Created, context.RequestAborted);
        context.Response.Headers[EventResponseWriter.RunIdHeader] = run.Value;
        context.Response.Headers.Location = $"/v1/sandboxes/{id}/runs/{run}";
        services.WriteAccepted(context, id, caller, key, accepted, warnings);
        return reply;
    }
}
