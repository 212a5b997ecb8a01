using System.Collections.Immutable;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>Each second aborts the streams of keys that have expired, and each minute reports which keys were used.</summary>
internal sealed partial class KeyMaintenance(KeyTable keys, IGrainFactory grains, TimeProvider time, ILogger<KeyMaintenance> logger) : BackgroundService
{
    private const int ParallelReports = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var (reportedAt, reportedUntil) = (time.GetTimestamp(), time.GetUtcNow().UtcTicks);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var now = time.GetUtcNow();
                foreach (var key in keys.All) key.AbortIfEnded(now);
                if (time.GetElapsedTime(reportedAt) < ReportInterval) continue;
                var since = reportedUntil;
                (reportedAt, reportedUntil) = (time.GetTimestamp(), now.UtcTicks);
                await ReportAsync(since, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }

    private Task ReportAsync(long since, CancellationToken cancellationToken)
    {
        var used = keys.All.Where(key => key.UsedAt > since && !key.Info.Id.IsFromEnvironment).GroupBy(key => key.Info.Tenant);
        return Parallel.ForEachAsync(used, new ParallelOptions { MaxDegreeOfParallelism = ParallelReports, CancellationToken = cancellationToken }, async (tenant, token) =>
        {
            try
            {
                var times = tenant.ToImmutableDictionary(key => key.Info.Id, key => new DateTimeOffset(key.UsedAt, TimeSpan.Zero));
                await grains.GetGrain<ITenantGrain>(tenant.Key.Value).Touch(times).WaitAsync(ReportLimit, time, token);
            }
            catch (Exception e) when (!token.IsCancellationRequested)
            {
                LogNotReported(e, tenant.Key);
            }
        });
    }

    [LoggerMessage(LogLevel.Warning, "When keys of tenant {Tenant} were last used could not be stored.")]
    private partial void LogNotReported(Exception exception, TenantId tenant);
}
