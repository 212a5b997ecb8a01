using System.Diagnostics.Metrics;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What is measured of the event log.</summary>
internal static class LogMetrics
{
    private static readonly Meter Meter = new(Instruments.MeterName);
    private static long _used;
    private static long _limit;
    private static long _held;

    /// <summary>Label <c>kind</c>: the first word of Redis' error, of a short list; otherwise <c>other</c>.</summary>
    public static readonly Counter<long> Rejected = Meter.CreateCounter<long>(
        "podflare.eventlog.rejected", "{call}", "Calls that Redis refused for a reason that does not pass by itself.");

    public static readonly Counter<long> Unreadable = Meter.CreateCounter<long>(
        "podflare.eventlog.unreadable", "{record}", "Reads of run records that could not be understood.");

    public static readonly Counter<long> EvictedRuns = Meter.CreateCounter<long>(
        "podflare.eventlog.evicted_runs", "{run}", "Ended runs whose events were removed because a budget was exceeded.");

    /// <summary>Label <c>scope</c>: <c>sandbox</c>, <c>tenant</c>, <c>cluster</c>.</summary>
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "podflare.eventlog.refused_runs", "{run}", "New runs that were refused because a budget was exceeded.");

    static LogMetrics()
    {
        Meter.CreateObservableGauge("podflare.eventlog.memory.used", () => Interlocked.Read(ref _used), "By", "Memory that Redis uses; of the fullest one in a Redis Cluster.");
        Meter.CreateObservableGauge("podflare.eventlog.memory.limit", () => Interlocked.Read(ref _limit), "By", "Redis' maxmemory; 0 without one.");
        Meter.CreateObservableGauge("podflare.eventlog.held", () => Interlocked.Read(ref _held), "By", "Bytes that the log keeps of all runs of the cluster, as this process knows it.");
    }

    public static void SetMemory(long used, long limit)
    {
        Interlocked.Exchange(ref _used, used);
        Interlocked.Exchange(ref _limit, limit);
    }

    public static void SetHeld(long bytes) => Interlocked.Exchange(ref _held, bytes);

    /// <summary>Counts and makes the refusal of a new run.</summary>
    public static LogBudgetExceededException Refuse(LogBudgetScope scope)
    {
        Refused.Add(1, new KeyValuePair<string, object?>("scope", scope.ToString().ToLowerInvariant()));
        return new LogBudgetExceededException(scope);
    }
}
