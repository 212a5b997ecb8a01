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
public sealed partial class FeedReporter : IHostedService, IKeyedReceiver<TenantId, FeedEvent>
{
    private const int MaxBatch = 500;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly FeedWriter _feeds;
    private readonly IEventLog _log;
    private readonly ILogger<FeedReporter> _logger;
    private readonly KeyedSender<TenantId, FeedEvent> _sender;

    public FeedReporter(FeedWriter feeds, IEventLog log, IOptions<FeedOptions> options, TimeProvider time, ILogger<FeedReporter> logger)
    {
        (_feeds, _log, _logger) = (feeds, log, logger);
        var gathering = TimeSpan.FromMilliseconds(options.Value.BatchMilliseconds);
        _sender = new(this, new SendPolicy("feed", options.Value.MaxReported, MaxBatch, gathering, FirstPause, LongestPause), time, logger);
    }

    /// <summary>Never waits, and never fails.</summary>
    public void Report(TenantId tenant, FeedEvent told) => _sender.Add(tenant, told);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _sender.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _sender.StopAsync();

    async Task IKeyedReceiver<TenantId, FeedEvent>.SendAsync(TenantId key, IReadOnlyList<FeedEvent> batch, CancellationToken cancellationToken)
    {
        await _feeds.AppendAsync(key, batch, cancellationToken);
        await MarkAsync(batch, cancellationToken);
    }

    void IKeyedReceiver<TenantId, FeedEvent>.OnFailed(TenantId key, Exception exception) => LogFailed(exception, key.Value);

    void IKeyedReceiver<TenantId, FeedEvent>.OnDropped(TenantId key, FeedEvent item)
    {
        Instruments.FeedDelayed.Add(1);
        LogDropped(item.Type, item.Sandbox.Value, key.Value);
    }

    private async Task MarkAsync(IReadOnlyList<FeedEvent> told, CancellationToken cancellationToken)
    {
        foreach (var sandbox in told.Where(one => one is { Type: FeedEventType.RunEnded, Run: not null }).GroupBy(one => one.Sandbox))
        {
            try
            {
                await _log.MarkReportedAsync(sandbox.Key, [.. sandbox.Select(one => one.Run!.Value)], cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // They are told once more when the sandbox is adopted or ends, and the feed knows them.
                if (!Transient.IsTransient(e)) LogNotMarked(e, sandbox.Key.Value);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The feed of {Tenant} did not take events; they are sent again.")]
    private partial void LogFailed(Exception exception, string tenant);

    [LoggerMessage(LogLevel.Error, "The log of sandbox {Sandbox} could not note which ends of runs the feed has; they are told again.")]
    private partial void LogNotMarked(Exception exception, string sandbox);

    [LoggerMessage(LogLevel.Warning, "The event {Type} of sandbox {Sandbox}, tenant {Tenant}, is not told now: too many wait for the feeds.")]
    private partial void LogDropped(string type, string sandbox, string tenant);
}
