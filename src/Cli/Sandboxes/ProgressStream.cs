namespace Podflare.Cli.Sandboxes;

/// <summary>A readable stream that reports how much was read.</summary>
internal sealed class ProgressStream(Stream inner) : Stream
{
    public Action<long> Report { get; set; } = static _ => { };

    public long Count { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => Report(Count = inner.Position = value);
    }

    public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

    // A read of stdin ignores its token; the caller must not wait for it.
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await Task.Run(() => inner.ReadAsync(buffer, cancellationToken).AsTask(), CancellationToken.None).WaitAsync(cancellationToken));

    public override long Seek(long offset, SeekOrigin origin) => Count = inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Counted(int read)
    {
        Report(Count += read);
        return read;
    }
}
