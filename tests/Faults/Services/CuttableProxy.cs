using System.Net;
using System.Net.Sockets;

namespace Podflare.Faults.Services;

/// <summary>How a <see cref="CuttableProxy"/> is cut.</summary>
internal enum Cut
{
    /// <summary>Connections end, and new ones end at once: as when the server's process is gone.</summary>
    Refuse,

    /// <summary>Connections stay and nothing passes: as when a cable is pulled. What was under way arrives when it is mended.</summary>
    Stall,
}

/// <summary>Forwards connections of the processes of a cluster to a server that they use, so that the connections can be cut.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Func<ReadOnlyMemory<byte>, byte[]?>? _answer;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly Task _accepting;
    private TaskCompletionSource? _stalled;
    private bool _refusing;

    /// <param name="answer">Gets what a client sends. What it returns is sent back, and the server does not see the request; null forwards it.</param>
    public CuttableProxy(EndPoint listen, EndPoint target, Func<ReadOnlyMemory<byte>, byte[]?>? answer = null)
    {
        (Target, _answer) = (target, answer);
        _listener = NewSocket(listen);
        _listener.Bind(listen);
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>The server. A new one is used by connections that are made later.</summary>
    public EndPoint Target { get; set; }

    public void Break(Cut how)
    {
        Socket[] open = [];
        lock (_gate)
        {
            if (how is Cut.Stall)
            {
                _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            else
            {
                _refusing = true;
                open = [.. _sockets];
                _sockets.Clear();
            }
        }

        foreach (var socket in open) socket.Dispose();
    }

    public void Mend()
    {
        lock (_gate)
        {
            _refusing = false;
            _stalled?.TrySetResult();
            _stalled = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Break(Cut.Refuse);
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private static Socket NewSocket(EndPoint address) => address is UnixDomainSocketEndPoint
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy is done.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var one = client;
        var target = Target;
        using var other = NewSocket(target);
        try
        {
            if (!Enter(client, other)) return;
            await other.ConnectAsync(target, _stop.Token);
            await Task.WhenAny(CopyAsync(client, other, _answer), CopyAsync(other, client, answer: null));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The server is away, or this connection was cut.
        }
        finally
        {
            lock (_gate)
            {
                _sockets.Remove(client);
                _sockets.Remove(other);
            }
        }
    }

    private bool Enter(Socket client, Socket other)
    {
        lock (_gate)
        {
            if (_refusing) return false;
            _sockets.Add(client);
            _sockets.Add(other);
            return true;
        }
    }

    private async Task CopyAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, byte[]?>? answer)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var count and > 0)
            {
                await Passing();
                if (answer?.Invoke(buffer.AsMemory(0, count)) is { } own)
                {
                    await from.SendAsync(own, _stop.Token);
                    continue;
                }

                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either end has gone.
        }
    }

    private Task Passing()
    {
        lock (_gate) return _stalled?.Task ?? Task.CompletedTask;
    }
}
