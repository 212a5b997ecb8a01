using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Podflare.Guests;

/// <summary>One connection of a scripted guest to its worker. Disposing it closes the socket at once.</summary>
internal sealed class GuestLink : IDisposable
{
    private const int MaxOutbox = 1_000_000;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Channel<byte[]> _outbox = Channel.CreateBounded<byte[]>(MaxOutbox);
    private volatile TaskCompletionSource? _frozen;

    /// <summary>Frames may be sent: the worker has said <c>WELCOME</c>.</summary>
    public bool Welcomed { get; set; }

    /// <returns>Null when nobody listens.</returns>
    public static async Task<GuestLink?> DialAsync(string path, CancellationToken cancellationToken)
    {
        var link = new GuestLink();
        try
        {
            await link._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return link;
        }
        catch (SocketException)
        {
            link.Dispose();
            return null;
        }
    }

    public void Send(byte[] frame) => _outbox.Writer.TryWrite(frame);

    /// <summary>Neither reads nor writes from now on, and keeps the socket open.</summary>
    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw()
    {
        _frozen?.TrySetResult();
        _frozen = null;
    }

    /// <summary>Serves the connection until it ends.</summary>
    public async Task RunAsync(Action<FrameType, ulong, byte[]> take, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(stop.Token);
        try
        {
            while (await ReadAsync(FrameHeader.Size, stop.Token) is { } header)
            {
                var payload = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header), stop.Token);
                if (payload is null) break;
                await ThawedAsync(stop.Token);
                take((FrameType)header[4], BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(5)), payload);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is over, as it may be at any time.
        }

        await stop.CancelAsync();
        await writing;
        Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var frame in _outbox.Reader.ReadAllAsync(cancellationToken))
            {
                await ThawedAsync(cancellationToken);
                for (ReadOnlyMemory<byte> rest = frame; rest.Length > 0;) rest = rest[await _socket.SendAsync(rest, cancellationToken)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Reading ends as well.
        }
    }

    private Task ThawedAsync(CancellationToken cancellationToken) => _frozen?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    private async Task<byte[]?> ReadAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var got = await _socket.ReceiveAsync(bytes.AsMemory(read), cancellationToken);
            if (got == 0) return null;
            read += got;
        }

        return bytes;
    }
}
