using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.Audit;

/// <summary>
/// Brings entries about sandboxes into the audit log, without delaying the callers that report them. While the log does not answer, the entries wait and are sent again.
/// What dies with this process is reported again by the next activation of the sandbox.
/// </summary>
public sealed partial class AuditReporter : BackgroundService
{
    private const int MaxBatch = 200;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditReporter> _logger;
    private readonly Channel<AuditEntry> _entries;

    public AuditReporter(IGrainFactory grains, IOptions<AuditOptions> options, TimeProvider time, ILogger<AuditReporter> logger)
    {
        (_grains, _time, _logger) = (grains, time, logger);
        _entries = Channel.CreateBounded<AuditEntry>(
            new BoundedChannelOptions(options.Value.MaxReported) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, Drop);
    }

    /// <summary>Never waits, and never fails.</summary>
    public void Report(AuditEntry entry) => _entries.Writer.TryWrite(entry);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _entries.Reader.WaitToReadAsync(stoppingToken))
        {
            List<AuditEntry> batch = [];
            while (batch.Count < MaxBatch && _entries.Reader.TryRead(out var entry)) batch.Add(entry);
            var pause = new Backoff(FirstPause, LongestPause, _time);
            while (batch.Count > 0)
            {
                batch = await AppendAsync(batch, stoppingToken);
                if (batch.Count > 0) await pause.WaitAsync(stoppingToken);
            }
        }
    }

    /// <returns>The entries of tenants whose log did not take them.</returns>
    private async Task<List<AuditEntry>> AppendAsync(List<AuditEntry> batch, CancellationToken cancellationToken)
    {
        var failed = await Task.WhenAll(batch.GroupBy(entry => entry.Tenant).Select(async group =>
        {
            ImmutableArray<AuditEntry> entries = [.. group];
            try
            {
                await _grains.GetGrain<IAuditGrain>(group.Key.Value).Append(entries, cancellationToken);
                return [];
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (!Transient.IsTransient(e)) LogFailed(e, group.Key.Value);
                return entries;
            }
        }));
        return [.. failed.SelectMany(entries => entries)];
    }

    private void Drop(AuditEntry entry)
    {
        Instruments.AuditDropped.Add(1);
        LogDropped(entry.Action, entry.Target.Id, entry.Tenant.Value);
    }

    [LoggerMessage(LogLevel.Error, "The audit log of {Tenant} did not take an entry; it is repeated.")]
    private partial void LogFailed(Exception exception, string tenant);

    [LoggerMessage(LogLevel.Error, "Dropped the audit entry {Action} of {Target}, tenant {Tenant}: too many wait for the audit log.")]
    private partial void LogDropped(string action, string target, string tenant);
}
