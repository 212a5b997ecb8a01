using System.Net;
using System.Net.Sockets;

namespace Podflare.NetSdk.Services;

/// <summary>A TCP proxy that cuts each connection at a random byte, in either direction, until it has cut often enough.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random;
    private readonly int _target;
    private readonly int _maxBytes;
    private readonly Task _accepting;
    private readonly List<Task> _connections = [];
    private int _left;

    public CuttingProxy(int target, int cuts, int maxBytes, int seed)
    {
        (_target, _left, _maxBytes, _random) = (target, cuts, maxBytes, new Random(seed));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Connections that are still to be cut.</summary>
    public int Left => Volatile.Read(ref _left);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            var budget = Left > 0 ? _random.Next(0, _maxBytes) : int.MaxValue;
            _connections.Add(ServeAsync(client, budget, abortively: _random.Next(2) == 0));
        }
    }

    private async Task ServeAsync(TcpClient client, int budget, bool abortively)
    {
        using var server = new TcpClient { NoDelay = true };
        using var both = client;
        client.NoDelay = true;
        await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        await cut.CancelAsync();
        // A reset and an orderly end look different to the other side.
        if (abortively) client.LingerState = server.LingerState = new LingerOption(true, 0);

        async Task PumpAsync(TcpClient from, TcpClient to)
        {
            var buffer = new byte[16 * 1024];
            while (true)
            {
                var count = await from.GetStream().ReadAsync(buffer, cut.Token);
                if (count == 0) return;
                var rest = Interlocked.Add(ref budget, -count);
                if (rest > 0)
                {
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, count), cut.Token);
                    continue;
                }

                // Up to the byte where it breaks.
                await to.GetStream().WriteAsync(buffer.AsMemory(0, Math.Max(0, count + rest)), cut.Token);
                Interlocked.Decrement(ref _left);
                return;
            }
        }
    }
}
