using Podflare.Guests;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Renders guest frames as NDJSON lines, once: the only place that knows the order of an event's fields.</summary>
public static class EventLine
{
    /// <summary>Longest piece of output in one event, in bytes as the program wrote them.</summary>
    public const int MaxPiece = 64 * 1024;

    /// <summary>
    /// Turns consecutive frames of one run into one batch. A pure function: the same frames after the same <paramref name="lastSeq"/>
    /// give the same bytes, however they are cut into batches.
    /// </summary>
    public static EventBatch Render(IReadOnlyList<GuestFrame> frames, long lastSeq)
    {
        using var lines = new EventLineWriter(lastSeq);
        foreach (var frame in frames)
        {
            switch (frame)
            {
                case GuestOutput output:
                    lines.Output(output.IsError, output.Bytes.Span, output.Time);
                    break;
                case GuestRunEnded end:
                    lines.Exit(end.Code, end.Reason, end.Error, end.Time);
                    break;
                default:
                    throw new ArgumentException($"{frame.GetType().Name} is no event.", nameof(frames));
            }
        }

        return lines.ToBatch();
    }

    /// <summary>The exit that the worker writes where the guest has not spoken: at the end of a sandbox.</summary>
    public static EventBatch RenderExit(int code, ExitReason? reason, RunError? error, long seq, DateTimeOffset at)
    {
        using var lines = new EventLineWriter(seq - 1);
        lines.Exit(code, reason, error, at.ToUnixTimeMilliseconds());
        return lines.ToBatch();
    }
}
