using System.IO.Pipelines;
using System.Net.Sockets;
using Podflare.EgressProxy.Sandboxes;

namespace Podflare.EgressProxy.Tunnels;

/// <summary>A connection of a sandbox to a host, and its bytes in both directions.</summary>
internal sealed class Tunnel(RegisteredSandbox sandbox, string name, IDuplexPipe client, Socket host, int bufferBytes, TimeProvider time)
{
    private long _sent;
    private long _received;
    private long _lastActive = time.GetTimestamp();

    public RegisteredSandbox Sandbox => sandbox;

    public string Name => name;

    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    /// <summary>Time since a byte was last transferred.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref _lastActive));

    /// <summary>Copies until the host has sent everything, or either side breaks off.</summary>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task CopyAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var up = SendAsync(stop.Token);
        var down = ReceiveAsync(stop.Token);
        try
        {
            // A sandbox that has sent everything may still be waiting for the answer; the other way around there is nobody left to send to.
            if (await Task.WhenAny(up, down) == up) await up;
            await down;
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)up).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await client.Input.ReadAsync(cancellationToken);
            foreach (var segment in read.Buffer)
            {
                for (var rest = segment; rest.Length > 0;) rest = rest[await host.SendAsync(rest, SocketFlags.None, cancellationToken)..];
                Count(ref _sent, segment.Length);
            }

            client.Input.AdvanceTo(read.Buffer.End);
            if (!read.IsCompleted) continue;
            host.Shutdown(SocketShutdown.Send);
            return;
        }
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Nothing is read, and no memory is held, while the host is silent.
            await host.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
            var received = await host.ReceiveAsync(client.Output.GetMemory(bufferBytes), SocketFlags.None, cancellationToken);
            if (received == 0) return;
            client.Output.Advance(received);
            Count(ref _received, received);
            if ((await client.Output.FlushAsync(cancellationToken)).IsCompleted) return;
        }
    }

    private void Count(ref long bytes, int added)
    {
        Interlocked.Add(ref bytes, added);
        Volatile.Write(ref _lastActive, time.GetTimestamp());
    }
}
