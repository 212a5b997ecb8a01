using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.OpenApi;
using Podflare.Resilience;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>Sends the events of a run that exist, and with <c>follow</c> also those that come, up to the exit.</summary>
internal sealed class RunEventsHandler(IGrainFactory grains, RunReader reader, OpenStreams streams, IOptions<HttpOptions> options, TimeProvider time)
{
    private static readonly TimeSpan RefusalInterval = TimeSpan.FromMilliseconds(250);

    public async Task ReplyAsync(HttpContext context, TenantId tenant, SandboxId id, RunId run)
    {
        var query = EventsQuery.Parse(context.Request);
        var sandbox = grains.GetGrain<ISandboxGrain>(id.Value);
        var clientLeft = context.RequestAborted;
        EventBatch? page;
        long last;
        using (var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft))
        {
            var info = await GrainCallRetry.RetryLostAsync(() => sandbox.GetRun(tenant, run), time, deadline.Token);
            if (query.HadExit)
            {
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            last = info.LastSeq;
            page = await ReadAsync(query.After, deadline.Token);
        }

        using var open = streams.Track(context);
        EventFormatter format = query.AsEventStream ? new ServerSentEventFormatter() : new NdjsonFormatter();
        EventResponseWriter.Prepare(context.Response, format.ContentType, run);
        if (HttpMethods.IsHead(context.Request.Method)) return;
        if (query.Follow && page is not { HasExit: true }) await FollowAsync();
        else await SendPagesAsync();

        async Task SendPagesAsync()
        {
            var writer = context.Response.BodyWriter;
            while (page is not null)
            {
                format.Write(page, writer);
                await writer.FlushAsync(clientLeft);
                // A run that writes faster than this client reads must not keep the response open for ever.
                if (page.HasExit || page.LastSeq >= last) return;
                page = await ReadAsync(page.LastSeq, clientLeft);
            }
        }

        async Task FollowAsync()
        {
            await using var events = reader.Open(tenant, id, run, page?.LastSeq ?? query.After, expectStart: false, pollWhenFull: null, clientLeft);
            // A refusal within a moment can still be the answer.
            if (await events.WaitAsync(RefusalInterval) && events.HasFailed) await events.NextAsync();
            if (page is not null)
            {
                format.Write(page, context.Response.BodyWriter);
                await context.Response.BodyWriter.FlushAsync(clientLeft);
            }

            var heartbeat = query.Heartbeat ?? (query.AsEventStream ? TimeSpan.FromSeconds(options.Value.SseHeartbeatSeconds) : null);
            await EventResponseWriter.SendAsync(context, events, format, heartbeat, time);
        }

        Task<EventBatch?> ReadAsync(long after, CancellationToken cancellationToken) =>
            GrainCallRetry.RetryLostAsync(() => sandbox.ReadEvents(tenant, run, after, cancellationToken), time, cancellationToken);
    }
}
