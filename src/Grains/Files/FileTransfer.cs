using System.Diagnostics;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Files;

/// <summary>One file on its way, between two calls.</summary>
/// <param name="patience">Time without a call after which it is given up.</param>
/// <param name="span">Ends with it; null where nobody listens, and for what is one question and one answer.</param>
internal sealed class FileTransfer(GuestTransfer guest, TimeSpan patience, Activity? span) : IDisposable
{
    private ITimer? _abandon;

    /// <summary>Bytes that have passed.</summary>
    public long Offset { get; set; }

    /// <summary>A call is at work in it: a second one at the same time is a mistake of the caller's.</summary>
    public bool Busy { get; set; }

    public GuestTransfer Guest => guest;

    /// <summary>The next chunk, asked for while the one before is on its way to the client.</summary>
    public Task<GuestFileFrame>? Ahead { get; set; }

    /// <summary>The chunks that the reader may still be using.</summary>
    public FileChunk? Last { get; set; }

    /// <inheritdoc cref="Last"/>
    public FileChunk? BeforeLast { get; set; }

    /// <param name="abandon">Called when nobody has moved it for too long, unless <paramref name="closing"/> says that its owner is gone.</param>
    public void Start(TimeProvider time, Action abandon, CancellationToken closing) => _abandon = time.CreateTimer(
        _ =>
        {
            if (closing.IsCancellationRequested) End("abandoned");
            else abandon();
        },
        null,
        patience,
        Timeout.InfiniteTimeSpan);

    public void Moved() => _abandon?.Change(patience, Timeout.InfiniteTimeSpan);

    /// <param name="error">The kind of failure; null when all of the file has passed.</param>
    public void End(string? error)
    {
        if (error is not null) span.Fail(error);
        Dispose();
    }

    public void Dispose()
    {
        span?.SetTag(Spans.FileSize, Offset);
        span?.Dispose();
        _abandon?.Dispose();
        guest.Dispose();
        Ahead?.Ignore();
    }
}
