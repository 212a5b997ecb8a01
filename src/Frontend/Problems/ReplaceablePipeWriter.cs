using System.IO.Pipelines;

namespace Podflare.Problems;

/// <summary>The output of a connection. All writes pass through until another text takes their place.</summary>
internal sealed class ReplaceablePipeWriter(PipeWriter inner) : PipeWriter
{
    private byte[]? _replacement;
    private byte[]? _discarded;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    /// <summary>Sends this with the next flush, and nothing that is written from now on.</summary>
    public void Replace(byte[] replacement)
    {
        _replacement = replacement;
        _discarded = [];
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _discarded is null ? inner.GetMemory(sizeHint) : GetDiscarded(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _discarded is null ? inner.GetSpan(sizeHint) : GetDiscarded(sizeHint);

    public override void Advance(int bytes)
    {
        if (_discarded is null) inner.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _replacement, null) is { } replacement)
        {
            replacement.CopyTo(inner.GetSpan(replacement.Length));
            inner.Advance(replacement.Length);
        }

        return inner.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private byte[] GetDiscarded(int sizeHint)
    {
        const int enough = 4 * 1024;
        if (_discarded!.Length < Math.Max(sizeHint, enough)) _discarded = new byte[Math.Max(sizeHint, enough)];
        return _discarded;
    }
}

/// <summary>Both directions of a connection.</summary>
internal sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
