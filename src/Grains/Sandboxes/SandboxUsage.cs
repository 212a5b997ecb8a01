using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Usage;

namespace Podflare.Sandboxes;

/// <summary>
/// What one sandbox has used: folded into the totals of the day from time to time, at midnight, and completely when the sandbox ends. All values
/// are cumulative, so a fold that is lost with its worker is made up for by the next one.
/// </summary>
internal sealed partial class SandboxUsage(
    SandboxRecords records, GuestSession guest, SandboxHosts hosts, SandboxLogs logs, SandboxSettings settings, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    // A fold at midnight counts what the counters have gained since the fold before it to the day that is over, unless it comes this late.
    private static readonly TimeSpan MidnightTolerance = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _interval = TimeSpan.FromSeconds(logs.UsageOptions.FoldSeconds);
    private DateTimeOffset? _foldedAt;
    private DateTimeOffset? _endedAt;
    private UsageSource? _sandbox;
    private IGrainTimer? _timer;
    private long _cpuUs;

    /// <summary>Begins to fold from time to time.</summary>
    public void Start(IGrainBase grain)
    {
        _timer = grain.RegisterGrainTimer(_ => FoldAsync(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
        Arm(_interval);
    }

    public void Stop() => _timer?.Dispose();

    /// <summary>The sandbox ends now; or, where its host is lost, it ended when that was last seen.</summary>
    public void End()
    {
        Sample();
        _endedAt ??= time.GetUtcNow() - hosts.AwayFor(records.Id);
    }

    /// <summary>Takes the CPU time that the guest has reported last.</summary>
    public void Sample()
    {
        if (guest.Port?.CpuTime is { } cpu && records.HasRecord) _cpuUs = Math.Max(_cpuUs, (long)cpu.TotalMicroseconds - records.Record.CpuBeforeUs);
    }

    /// <summary>Folds everything, for the last time. Repeating it is safe.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (records.Info is not { } info) return;
        var ended = _endedAt ?? time.GetUtcNow();
        await FoldAsync(info, ended < info.CreatedAt ? info.CreatedAt : ended, isFinal: true, cancellationToken);
    }

    private async Task FoldAsync()
    {
        if (_endedAt is not null) return;
        try
        {
            if (records is not { HasRecord: true, HasTombstone: false, Info: { } info }) return;
            Sample();
            await FoldAsync(info, time.GetUtcNow(), isFinal: false, CancellationToken.None);
            Arm(_interval);
        }
        catch (Exception e)
        {
            // The values are cumulative: nothing is lost. The store logs its outages.
            Instruments.UsageFoldFailures.Add(1);
            if (!Transient.IsTransient(e)) LogNotFolded(e, records.Id);
            Arm(RetryDelay);
        }
    }

    private async Task FoldAsync(SandboxInfo info, DateTimeOffset at, bool isFinal, CancellationToken cancellationToken)
    {
        var runs = await logs.Events.ReadUsageAsync(info.Id, cancellationToken);

        // Days that are over get the time until their midnight, also those in which no activation was there to fold.
        for (var midnight = MidnightAfter(_foldedAt ?? info.CreatedAt); midnight <= at; midnight = midnight.AddDays(1))
        {
            var counts = at - midnight < MidnightTolerance;
            await FoldAsync(info, midnight, DayOf(midnight).AddDays(-1), counts ? runs : null, isFinal: false, cancellationToken);
        }

        await FoldAsync(info, at, DayOf(at), runs, isFinal, cancellationToken);
        _foldedAt = at;
    }

    private Task FoldAsync(
        SandboxInfo info, DateTimeOffset until, DateOnly day, IReadOnlyDictionary<string, RunUsage>? runs, bool isFinal, CancellationToken cancellationToken)
    {
        var sources = (runs ?? ImmutableDictionary<string, RunUsage>.Empty)
            .ToDictionary(pair => pair.Key, pair => new UsageAmounts(Runs: pair.Value.Runs, Bytes: pair.Value.Bytes), StringComparer.Ordinal);
        var own = Own(info, until, countsCpu: runs is not null);
        sources[own.Field] = sources.GetValueOrDefault(own.Field) + own.Total;
        return logs.Usage.FoldAsync(
            info.Tenant,
            new UsageFold(info.Id, day, isFinal, [.. sources.Select(source => new UsageSource(UsageSource.KeyOf(source.Key), source.Value))]),
            cancellationToken);
    }

    /// <summary>What counts to the key that created the sandbox. The record knows it; once that is cleared, this activation still does.</summary>
    private UsageSource Own(SandboxInfo info, DateTimeOffset until, bool countsCpu)
    {
        if (records.HasRecord)
        {
            var record = records.Record;
            var memory = record.MemoryMib > 0 ? record.MemoryMib : settings.Templates.GetValueOrDefault(record.Template)?.MemoryMib ?? 0;
            _sandbox = new UsageSource(record.CreatorKey(), new UsageAmounts(MemoryMibMs: memory));
        }

        if (_sandbox is not { } sandbox) return new UsageSource(null, default);
        var lived = (long)(until - info.CreatedAt).TotalMilliseconds;
        return new UsageSource(sandbox.Key, new UsageAmounts(1, lived, sandbox.Total.MemoryMibMs * lived, countsCpu ? Plausible(_cpuUs, lived) : 0));
    }

    // User code may have taken over the guest: it cannot report more than the largest machine could have used.
    private static long Plausible(long cpuUs, long livedMs) => Math.Clamp(cpuUs, 0, livedMs * 1000 * 1024);

    private void Arm(TimeSpan delay)
    {
        if (_endedAt is not null) return;
        var now = time.GetUtcNow();
        var wait = MidnightAfter(now) - now;
        _timer?.Change(delay < wait ? delay : wait, Timeout.InfiniteTimeSpan);
    }

    [LoggerMessage(LogLevel.Error, "The usage of sandbox {Sandbox} could not be recorded. It is recorded later.")]
    private partial void LogNotFolded(Exception exception, SandboxId sandbox);

    private static DateTimeOffset MidnightAfter(DateTimeOffset at) => new(at.UtcDateTime.Date.AddDays(1), TimeSpan.Zero);

    private static DateOnly DayOf(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);
}
