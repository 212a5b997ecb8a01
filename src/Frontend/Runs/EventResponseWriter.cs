using System.Buffers;
using Podflare.OpenApi;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Sends a run's events as an HTTP response. Each batch is sent as soon as it exists, and only a response with the exit ends normally.</summary>
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
    /// <param name="heartbeat">Silence after which the format's heartbeat is sent; null for never.</param>
    public static async Task SendAsync(HttpContext context, RunSubscription events, EventFormatter format, TimeSpan? heartbeat, TimeProvider time)
    {
        var writer = context.Response.BodyWriter;
        var lastSent = time.GetTimestamp();
        // The headers are sent when the run is accepted, together with the first events if those exist already.
        if (!await events.WaitAsync(TimeSpan.Zero)) await writer.FlushAsync(context.RequestAborted);
        while (true)
        {
            while (heartbeat is { } silence && !await events.WaitAsync(silence - time.GetElapsedTime(lastSent)))
            {
                writer.Write(format.Heartbeat);
                await writer.FlushAsync(context.RequestAborted);
                lastSent = time.GetTimestamp();
            }

            var batch = await events.NextAsync();
            format.Write(batch, writer);
            if (batch.HasExit)
            {
                // One packet carries the last events and the end of the response. It does not wait for the reader to unsubscribe.
                await context.Response.CompleteAsync();
                return;
            }

            if (writer.UnflushedBytes == 0) continue;
            await writer.FlushAsync(context.RequestAborted);
            lastSent = time.GetTimestamp();
        }
    }
}
