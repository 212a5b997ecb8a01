using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.Resilience;
using Podflare.Sandboxes;

namespace Podflare.Logs;

/// <summary>Stores the lines about sandboxes, once a second and one write per sandbox. While the store does not answer, they wait.</summary>
internal sealed partial class SandboxLogWriter(SandboxLogBuffer buffer, ISandboxLog log, TimeProvider time, ILogger<SandboxLogWriter> logger) : BackgroundService
{
    private const int WritesAtOnce = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    /// <summary>Stores what waits.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var some in buffer.TakeAll().Chunk(WritesAtOnce))
            await Task.WhenAll(some.Select(pair => AppendAsync(pair.Key, pair.Value, cancellationToken)));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken).WaitAsync(StopLimit, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            await FlushAsync(stoppingToken);
        }
    }

    private async Task AppendAsync(string sandbox, SandboxLogBuffer.Pending pending, CancellationToken cancellationToken)
    {
        try
        {
            if (!SandboxId.TryParse(sandbox, null, out var id)) return;
            // Here rather than where the line is written, which a request may be waiting for.
            var lines = pending.Lines.Select(line => line with { Message = SandboxLogText.Clean(line.Message) });
            await log.AppendAsync(id, [.. lines], pending.Dropped, cancellationToken);
        }
        catch (Exception e) when (Transient.IsTransient(e))
        {
            // The store logs its outages.
            buffer.Return(sandbox, pending);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogLost(e, pending.Lines.Count);
        }
    }

    [LoggerMessage(LogLevel.Error, "{Count} lines about a sandbox could not be stored; they are dropped.")]
    private partial void LogLost(Exception exception, int count);
}
