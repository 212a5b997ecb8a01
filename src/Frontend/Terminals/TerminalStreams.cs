using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Terminals;

/// <summary>Opens terminals and attaches to them. The response lasts as long as the terminal; a client that leaves does not end it.</summary>
internal sealed class TerminalStreams(IGrainFactory grains, RunReader reader, OpenStreams streams, StartServices starts, IOptions<HttpOptions> options, TimeProvider time)
{
    private static readonly TimeSpan RefusalInterval = TimeSpan.FromMilliseconds(250);

    private TimeSpan Heartbeat => TimeSpan.FromSeconds(options.Value.CompatHeartbeatSeconds);

    public async Task OpenAsync(HttpContext context, Caller caller, SandboxId id)
    {
        streams.ThrowIfDraining();
        var key = IdempotencyKey.Read(context.Request);
        var run = StartServices.RunOf(key, id, caller);
        var (started, warnings) = await starts.AcceptAsync(
            context, utf8 => TerminalRequest.Parse(utf8, starts.Runs.Value, starts.Create.Value.MaxEnvBytes), key, (request, deadline) => starts.Starter.StartAsync(caller.Tenant, id, run, request, deadline));
        await using var events = started.Events;
        using var open = streams.Track(context);
        EventResponseWriter.Prepare(context.Response, EventFormatter.Ndjson, run);
        starts.WriteAccepted(context, id, caller, key, started.Accepted, warnings);
        TerminalFormatter.WriteReady(run, context.Response.BodyWriter);
        await EventResponseWriter.SendAsync(context, events, new TerminalFormatter(), Heartbeat, time);
    }

    public async Task AttachAsync(HttpContext context, TenantId tenant, SandboxId id, RunId run)
    {
        long after;
        using (var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, context.RequestAborted))
        {
            var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
            var info = await GrainCallRetry.RetryLostAsync(() => sandbox.GetRun(tenant, run), time, deadline.Token);
            if (!info.IsTerminal) throw new NotATerminalException();
            after = await TerminalReplay.FindStartAsync(sandbox, tenant, info, starts.Runs.Value.TerminalReplayBytes, time, deadline.Token);
        }

        using var open = streams.Track(context);
        EventResponseWriter.Prepare(context.Response, EventFormatter.Ndjson, run);
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await using var events = reader.Open(tenant, id, run, after, expectStart: false, pollWhenFull: null, context.RequestAborted);
        // A refusal within a moment can still be the answer.
        if (await events.WaitAsync(RefusalInterval) && events.HasFailed) await events.NextAsync();
        await EventResponseWriter.SendAsync(context, events, new TerminalFormatter(), Heartbeat, time);
    }
}
