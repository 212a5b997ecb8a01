using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>Sends events of a tenant: a page of those that exist, or those and all that come, as lines or as server-sent events.</summary>
internal sealed class FeedHandler(IGrainFactory grains, OpenStreams streams, IOptions<HttpOptions> options, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public async Task ReplyAsync(HttpContext context, TenantId tenant)
    {
        var request = FeedRequest.Parse(context.Request);
        var feed = grains.GetGrain<IFeedGrain>(tenant.Value);
        if (request.Format is FeedFormat.Page) await SendPageAsync(context, feed, request);
        else await FollowAsync(context, feed, request);
    }

    private async Task SendPageAsync(HttpContext context, IFeedGrain feed, FeedRequest request)
    {
        var page = await ReadFirstAsync(feed, request.Query, context.RequestAborted);
        if (page.Events.IsEmpty && request.Wait > TimeSpan.Zero)
        {
            using var open = streams.Track(context);
            var began = time.GetTimestamp();
            // A server that stops answers with what it has.
            while (page.Events.IsEmpty && !streams.IsStopping && request.Wait - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
                page = await ReadAsync(feed, request.Query with { After = page.NextAfter, Wait = left }, context.RequestAborted);
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        var events = string.Join(',', page.Events.Select(entry => entry.ToLine()));
        var next = page.NextAfter.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsync($$"""{"events":[{{events}}],"next_after":{{next}}}""", context.RequestAborted);
    }

    private async Task FollowAsync(HttpContext context, IFeedGrain feed, FeedRequest request)
    {
        streams.ThrowIfDraining();
        var asEventStream = request.Format is FeedFormat.EventStream;
        // A refusal is still an answer with its own status.
        var page = await ReadFirstAsync(feed, request.Query, context.RequestAborted);
        using var open = streams.Track(context);
        context.Response.ContentType = asEventStream ? FeedRequest.EventStream : FeedRequest.Lines;
        context.Response.Headers.CacheControl = "no-store, no-transform";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        try
        {
            await SendAsync(context, feed, request.Query, page, asEventStream);
        }
        catch (Exception e) when (e is EventsEvictedException or Streaming.TooManyReadersException || (e is not OperationCanceledException && Transient.IsTransient(e)))
        {
            // The stream breaks, and when the client continues it gets the reason.
            context.Abort();
        }
    }

    private async Task SendAsync(HttpContext context, IFeedGrain feed, FeedQuery query, FeedPage page, bool asEventStream)
    {
        var (heartbeat, clientLeft, writer) = (TimeSpan.FromSeconds(options.Value.SseHeartbeatSeconds), context.RequestAborted, context.Response.BodyWriter);
        var lastSent = time.GetTimestamp();
        while (true)
        {
            foreach (var entry in page.Events) Write(writer, entry, asEventStream);
            if (page.Events.IsEmpty && time.GetElapsedTime(lastSent) >= heartbeat) writer.Write(asEventStream ? ":\n\n"u8 : "\n"u8);
            if (writer.UnflushedBytes > 0)
            {
                await writer.FlushAsync(clientLeft);
                lastSent = time.GetTimestamp();
            }

            var silence = heartbeat - time.GetElapsedTime(lastSent);
            page = await ReadPatientlyAsync(feed, query with { After = page.NextAfter, Wait = silence > TimeSpan.Zero ? silence : TimeSpan.FromMilliseconds(1) }, clientLeft);
        }
    }

    // Events that come meanwhile are not lost, so an outage of a moment breaks no stream.
    private async Task<FeedPage> ReadPatientlyAsync(IFeedGrain feed, FeedQuery query, CancellationToken clientLeft)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft);
        var pause = new Backoff(FirstPause, LongestPause, time);
        while (true)
        {
            try
            {
                return await feed.Read(query, clientLeft).WaitAsync(clientLeft);
            }
            catch (Exception e) when (Transient.IsTransient(e) && !limit.IsExceeded)
            {
                await pause.WaitAsync(clientLeft);
            }
        }
    }

    private async Task<FeedPage> ReadFirstAsync(IFeedGrain feed, FeedQuery query, CancellationToken clientLeft)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft);
        return await ReadAsync(feed, query, limit.Token);
    }

    private Task<FeedPage> ReadAsync(IFeedGrain feed, FeedQuery query, CancellationToken cancellationToken) =>
        GrainCallRetry.RetryLostAsync(() => feed.Read(query, cancellationToken), time, cancellationToken);

    private static void Write(IBufferWriter<byte> to, FeedEntry entry, bool asEventStream)
    {
        if (asEventStream) to.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {entry.Seq}\ndata: ")));
        to.Write(Encoding.UTF8.GetBytes(entry.ToLine()));
        to.Write(asEventStream ? "\n\n"u8 : "\n"u8);
    }
}
