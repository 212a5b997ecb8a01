using System.Buffers;
using Podflare.OpenApi;

namespace Podflare.Runs;

/// <summary>Sends a run's events as an HTTP response: each batch leaves when it exists, and only a response that has the exit ends.</summary>
internal static class EventResponseWriter
{
    public const string RunIdHeader = "Podflare-Run-Id";

    public static void Prepare(HttpResponse response, string contentType, RunId? run = null)
    {
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        if (run is { } id) response.Headers[RunIdHeader] = id.Value;
    }

    /// <summary>Sends everything up to the exit.</summary>
    /// <param name="heartbeat">Silence after which the format's filler is sent; null for never.</param>
    public static async Task SendAsync(HttpContext context, PrefetchingRunReader feed, EventFormatter format, TimeSpan? heartbeat, TimeProvider time)
    {
        var writer = context.Response.BodyWriter;
        var lastSent = time.GetTimestamp();
        // Headers leave when the run is accepted; together with the first events where these are there already.
        if (!feed.Next.IsCompleted) await writer.FlushAsync(context.RequestAborted);
        while (true)
        {
            while (heartbeat is { } silence && !await WaitForNextAsync(feed, silence - time.GetElapsedTime(lastSent), time))
            {
                writer.Write(format.Heartbeat);
                await writer.FlushAsync(context.RequestAborted);
                lastSent = time.GetTimestamp();
            }

            if (!await feed.Next) throw new EndOfStreamException("The run's events ended without its exit.");
            var batch = feed.Batch;
            format.Write(batch, writer);
            if (batch.HasExit)
            {
                // One packet carries the last events and the end of the response, and it does not wait until the reader has unsubscribed.
                await context.Response.CompleteAsync();
                return;
            }

            // Asked for before the flush, so that a slow reader and the next batch are waited for at the same time.
            feed.Advance();
            if (writer.UnflushedBytes == 0) continue;
            await writer.FlushAsync(context.RequestAborted);
            lastSent = time.GetTimestamp();
        }
    }

    private static async Task<bool> WaitForNextAsync(PrefetchingRunReader feed, TimeSpan limit, TimeProvider time)
    {
        if (feed.Next.IsCompleted) return true;
        if (limit <= TimeSpan.Zero) return false;
        try
        {
            await feed.Next.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException) when (!feed.Next.IsCompleted)
        {
            return false;
        }
    }
}
