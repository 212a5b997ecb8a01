using System.Buffers;
using System.IO.Pipelines;
using Podflare.EgressProxy.Settings;
using Podflare.EgressProxy.Tls;

namespace Podflare.EgressProxy.Connect;

/// <summary>Reads the two messages at the beginning of a connection. Both have a limit of size and time.</summary>
internal sealed class PipeMessageReader(ProxyOptions options, TimeProvider time)
{
    private static readonly ConnectHead Malformed = new(ConnectVerdict.Malformed, "");

    /// <summary>Consumes the head of the request and what it asks for.</summary>
    public async Task<ConnectHead> ReadHeadAsync(PipeReader input, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = CancelAfter(limit, options.HeadSeconds);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(limit.Token);
                if (ConnectHead.TryTake(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, options.MaxHeadBytes)), out var head, out var end))
                {
                    var parsed = ConnectHead.Parse(head);
                    input.AdvanceTo(end);
                    return parsed;
                }

                if (read.IsCompleted || read.Buffer.Length >= options.MaxHeadBytes)
                {
                    input.AdvanceTo(read.Buffer.End);
                    return Malformed;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Malformed;
        }
    }

    /// <summary>Looks at the ClientHello and leaves it in the pipe.</summary>
    public async Task<(HelloState State, string Name)> ReadHelloAsync(PipeReader input, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = CancelAfter(limit, options.HelloSeconds);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(limit.Token);
                var state = ClientHello.Read(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, options.MaxHelloBytes)).ToArray(), out var name);
                var over = read.IsCompleted || read.Buffer.Length >= options.MaxHelloBytes;
                if (state is HelloState.Incomplete && !over)
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                input.AdvanceTo(read.Buffer.Start);
                return (state is HelloState.Incomplete ? HelloState.Invalid : state, name);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (HelloState.Invalid, "");
        }
    }

    private ITimer CancelAfter(CancellationTokenSource limit, double seconds) =>
        time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
}
