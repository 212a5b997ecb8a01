using System.Diagnostics;
using Podflare.Guests;
using Podflare.Telemetry;

namespace Podflare.Files;

/// <summary>One file transfer. It lives from call to call.</summary>
/// <param name="patience">Time without a call after which it is abandoned.</param>
/// <param name="span">Ends with the transfer; null where nobody listens, and for a single request and response.</param>
internal sealed class FileTransfer(GuestTransfer guest, FilePath path, TimeSpan patience, Activity? span) : IDisposable
{
    private ITimer? _abandon;

    /// <summary>Bytes that were transferred.</summary>
    public long Offset { get; set; }

    /// <summary>A call is in progress. A second one at the same time is an error of the caller.</summary>
    public bool Busy { get; set; }

    public GuestTransfer Guest => guest;

    public FilePath Path => path;

    /// <summary>The next chunk, which is requested while the previous one is being sent to the client.</summary>
    public Task<GuestFileFrame>? Ahead { get; set; }

    /// <summary>The chunks that the reader may still be using.</summary>
    public FileChunk? Last { get; set; }

    /// <inheritdoc cref="Last"/>
    public FileChunk? BeforeLast { get; set; }

    /// <param name="abandon">Called when there was no call for too long, unless <paramref name="closing"/> is cancelled because its owner is gone.</param>
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

    /// <param name="error">The kind of failure; null when the whole file was transferred.</param>
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
        // The transfer is over: whoever ended it has reported why, and its last read fails because of that.
        Ahead?.Ignore();
    }
}
