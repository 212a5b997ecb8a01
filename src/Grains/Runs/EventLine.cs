using System.Buffers;
using Podflare.Guests;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Renders guest frames as NDJSON lines, once: the only place that knows the order of an event's fields.</summary>
public static class EventLine
{
    /// <summary>
    /// Turns consecutive frames of one run into one batch. A pure function: the same frames after the same <paramref name="lastSeq"/>
    /// give the same bytes, however they are cut into batches.
    /// </summary>
    public static EventBatch Render(IReadOnlyList<GuestFrame> frames, long lastSeq) => throw new NotImplementedException();

    /// <summary>The exit that the worker writes where the guest has not spoken: at the end of a sandbox.</summary>
    public static EventBatch RenderExit(int code, ExitReason? reason, RunError? error, long seq, DateTimeOffset at) => throw new NotImplementedException();
}
