using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>
/// Brings events of sandboxes into the feeds of their tenants, without delaying the runs that they are about. While a feed does not answer, its events wait
/// and are sent again. What dies with this process is told again by the next activation of the sandbox: the log remembers the ends of runs until the feed has them.
/// </summary>
public sealed partial class FeedReporter : BackgroundService
{
    private const int MaxBatch = 500;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly FeedWriter _feeds;
    private readonly IEventLog _log;
    private readonly TimeProvider _time;
    private readonly ILogger<FeedReporter> _logger;
    private readonly TimeSpan _gathering;
    private readonly Channel<Reported> _events;

    public FeedReporter(FeedWriter feeds, IEventLog log, IOptions<FeedOptions> options, TimeProvider time, ILogger<FeedReporter> logger)
    {
        (_feeds, _log, _time, _logger) = (feeds, log, time, logger);
        _gathering = TimeSpan.FromMilliseconds(options.Value.BatchMilliseconds);
        _events = Channel.CreateBounded<Reported>(
            new BoundedChannelOptions(options.Value.MaxReported) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, Drop);
    }

    /// <summary>Never waits, and never fails.</summary>
    public void Report(TenantId tenant, FeedEvent told) => _events.Writer.TryWrite(new Reported(tenant, told));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _events.Reader.WaitToReadAsync(stoppingToken))
        {
            await Task.Delay(_gathering, _time, stoppingToken);
            List<Reported> batch = [];
            while (batch.Count < MaxBatch && _events.Reader.TryRead(out var told)) batch.Add(told);
            var pause = new Backoff(FirstPause, LongestPause, _time);
            while (batch.Count > 0)
            {
                batch = await AppendAsync(batch, stoppingToken);
                if (batch.Count > 0) await pause.WaitAsync(stoppingToken);
            }
        }
    }

    /// <returns>The events of tenants whose feed did not take them.</returns>
    private async Task<List<Reported>> AppendAsync(List<Reported> batch, CancellationToken cancellationToken)
    {
        var failed = await Task.WhenAll(batch.GroupBy(told => told.Tenant).Select(async group =>
        {
            Reported[] told = [.. group];
            try
            {
                await _feeds.AppendAsync(group.Key, [.. told.Select(one => one.Event)], cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (!Transient.IsTransient(e)) LogFailed(e, group.Key.Value);
                return told;
            }

            await MarkAsync(told, cancellationToken);
            return [];
        }));
        return [.. failed.SelectMany(told => told)];
    }

    private async Task MarkAsync(Reported[] told, CancellationToken cancellationToken)
    {
        foreach (var sandbox in told.Where(one => one.Event is { Type: FeedEventType.RunEnded, Run: not null }).GroupBy(one => one.Event.Sandbox))
        {
            try
            {
                await _log.MarkReportedAsync(sandbox.Key, [.. sandbox.Select(one => one.Event.Run!.Value)], cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // They are told once more when the sandbox is adopted or ends, and the feed knows them.
                if (!Transient.IsTransient(e)) LogNotMarked(e, sandbox.Key.Value);
            }
        }
    }

    private void Drop(Reported told)
    {
        Instruments.FeedDelayed.Add(1);
        LogDropped(told.Event.Type, told.Event.Sandbox.Value, told.Tenant.Value);
    }

    [LoggerMessage(LogLevel.Error, "The feed of {Tenant} did not take events; they are sent again.")]
    private partial void LogFailed(Exception exception, string tenant);

    [LoggerMessage(LogLevel.Error, "The log of sandbox {Sandbox} could not note which ends of runs the feed has; they are told again.")]
    private partial void LogNotMarked(Exception exception, string sandbox);

    [LoggerMessage(LogLevel.Warning, "The event {Type} of sandbox {Sandbox}, tenant {Tenant}, is not told now: too many wait for the feeds.")]
    private partial void LogDropped(string type, string sandbox, string tenant);

    private sealed record Reported(TenantId Tenant, FeedEvent Event);
}
