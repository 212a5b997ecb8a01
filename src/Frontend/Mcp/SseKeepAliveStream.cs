namespace Podflare.Mcp;

/// <summary>
/// The body of a response. While it is a stream of server-sent events, silence is filled with comments, so that proxies and clients do not take it for
/// a dead connection. Comments come only between events.
/// </summary>
internal sealed class SseKeepAliveStream : Stream
{
    private static readonly byte[] Comment = ":\n\n"u8.ToArray();

    private readonly Stream _inner;
    private readonly HttpResponse _response;
    private readonly TimeSpan _silence;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _filling = Task.CompletedTask;
    private long _lastWrite;
    private bool _isBetweenEvents = true;

    public SseKeepAliveStream(Stream inner, HttpResponse response, TimeSpan silence, TimeProvider time)
    {
        (_inner, _response, _silence, _time, _lastWrite) = (inner, response, silence, time, time.GetTimestamp());
        response.OnStarting(
            static state =>
            {
                var stream = (SseKeepAliveStream)state;
                // A proxy that collects an event stream would hold back progress and comments.
                if (stream.IsEventStream) stream._response.Headers["X-Accel-Buffering"] = "no";
                return Task.CompletedTask;
            },
            this);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private bool IsEventStream => _response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _inner.WriteAsync(buffer, cancellationToken);
            if (buffer.Length == 0) return;
            _isBetweenEvents = buffer.Span.EndsWith("\n\n"u8);
            _lastWrite = _time.GetTimestamp();
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _inner.FlushAsync(cancellationToken);
            // The first flush is that of the headers: only an answer that is a stream needs comments.
            if (_filling == Task.CompletedTask && IsEventStream) _filling = FillAsync(_stop.Token);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _filling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _writing.Dispose();
        await base.DisposeAsync();
    }

    // Kestrel refuses blocking writes.
    public override void Flush() => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var left = _silence - _time.GetElapsedTime(Volatile.Read(ref _lastWrite));
            if (left > TimeSpan.Zero) await Task.Delay(left, _time, cancellationToken);
            await _writing.WaitAsync(cancellationToken);
            try
            {
                if (_time.GetElapsedTime(_lastWrite) < _silence) continue;
                if (_isBetweenEvents)
                {
                    await _inner.WriteAsync(Comment, cancellationToken);
                    await _inner.FlushAsync(cancellationToken);
                }

                _lastWrite = _time.GetTimestamp();
            }
            finally
            {
                _writing.Release();
            }
        }
    }
}
