using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Sandboxes;

namespace Podflare.Relay;

/// <summary>Processes what the sandboxes of this process send: one batch of each sandbox in turn, so that one that sends much does not delay the others.</summary>
internal sealed partial class RelayPump(RelayProcessor processor, IOptions<RelayOptions> options, TimeProvider time, ILogger<RelayPump> logger) : BackgroundService, ITelemetryRelay
{
    private const int Loops = 2;

    // Far more than one host can have.
    private const int MaxSandboxes = 1_000_000;

    private static readonly TimeSpan OutagePause = TimeSpan.FromSeconds(1);

    // Until then a guest keeps what is being forwarded, so that a crash of this process does not lose it.
    private static readonly TimeSpan ForwardPatience = TimeSpan.FromSeconds(1);

    // Each inbox is in it once at most, so it is never full.
    private readonly Channel<RelayInbox> _ready = Channel.CreateBounded<RelayInbox>(MaxSandboxes);
    private readonly RelayMemory _memory = new(options.Value.MaxPendingBytes);

    public ITelemetryInbox Open(SandboxId sandbox, Action changed) => new RelayInbox(
        sandbox, _memory, new RelayBudget(options.Value.SandboxBytesPerSecond, options.Value.SandboxBurstBytes, time), inbox => _ready.Writer.TryWrite(inbox), changed);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Loops).Select(_ => Task.Run(() => PumpAsync(stoppingToken), stoppingToken)));

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        await foreach (var inbox in _ready.Reader.ReadAllAsync(cancellationToken))
        {
            if (!inbox.TryPeek(out var batch, out var source)) continue;
            try
            {
                var forwarded = await processor.ProcessAsync(inbox, batch, source, cancellationToken);
                if (forwarded.IsCompleted) inbox.Complete();
                else Background.Run(logger, "relay", CompleteAsync(inbox, forwarded, cancellationToken));
            }
            catch (StorageUnavailableException)
            {
                // The store logs its outages. Meanwhile the guests keep what they have.
                await Task.Delay(OutagePause, time, cancellationToken);
                inbox.Retry();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                RelayMetrics.Drop("failed", 1);
                LogFailed(e, batch.Number, inbox.Sandbox);
                inbox.Complete();
            }
        }
    }

    private async Task CompleteAsync(RelayInbox inbox, Task forwarded, CancellationToken cancellationToken)
    {
        await forwarded.WaitAsync(ForwardPatience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested) inbox.Complete();
    }

    [LoggerMessage(LogLevel.Error, "OTLP batch {Number} of sandbox {Sandbox} was dropped because of an unexpected error.")]
    private partial void LogFailed(Exception exception, ulong number, SandboxId sandbox);
}
