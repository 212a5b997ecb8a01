using System.Collections.Immutable;

namespace Podflare.Traffic;

/// <summary>What one tenant has done on this process in the last hour, and what it does now. Thread-safe.</summary>
public sealed class TenantTraffic(TimeProvider time)
{
    /// <summary>Minutes that are kept.</summary>
    public const int Kept = 60;

    private readonly Lock _gate = new();
    private readonly Minute?[] _minutes = new Minute?[Kept];
    private int _open;
    private int _executing;
    private long _usedAt = time.GetTimestamp();

    /// <summary>Runs that have no exit yet.</summary>
    internal int Open => Volatile.Read(ref _open);

    /// <summary>When something last happened, as a timestamp.</summary>
    internal long UsedAt => Volatile.Read(ref _usedAt);

    /// <summary>Runs were accepted, have begun to execute, or have left this process.</summary>
    public void Change(int open, int executing)
    {
        Interlocked.Add(ref _open, open);
        if (executing != 0) Interlocked.Add(ref _executing, executing);
    }

    /// <summary>A sandbox was created.</summary>
    public void RecordCreate(TimeSpan took) => Record(minute =>
    {
        minute.Creates++;
        (minute.CreateTimes ??= new int[Durations.Buckets])[Durations.BucketOf(took)]++;
    });

    /// <summary>A run of code or of a process has ended.</summary>
    public void RecordRun(TimeSpan took, bool failed) => Record(minute =>
    {
        minute.Runs++;
        if (failed) minute.Errors++;
        (minute.RunTimes ??= new int[Durations.Buckets])[Durations.BucketOf(took)]++;
    });

    /// <summary>What it is now, and the minutes of the last hour in which something happened.</summary>
    public HostTraffic Read(ImmutableDictionary<string, int> sandboxes)
    {
        lock (_gate)
        {
            var oldest = Now() - Kept;
            var executing = Math.Max(0, Volatile.Read(ref _executing));
            return new HostTraffic(
                sandboxes, executing, Math.Max(0, Open - executing), [.. _minutes.OfType<Minute>().Where(minute => minute.Number > oldest).Select(minute => minute.Copy())]);
        }
    }

    private void Record(Action<Minute> count)
    {
        lock (_gate)
        {
            var now = Now();
            ref var minute = ref _minutes[now % Kept];
            if (minute?.Number != now) minute = new Minute(now);
            count(minute);
        }

        Volatile.Write(ref _usedAt, time.GetTimestamp());
    }

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds() / 60;

    private sealed class Minute(long number)
    {
        public long Number => number;

        public int Creates { get; set; }

        public int Runs { get; set; }

        public int Errors { get; set; }

        public int[]? CreateTimes { get; set; }

        public int[]? RunTimes { get; set; }

        public TrafficMinute Copy() => new(Number, Creates, Runs, Errors, [.. CreateTimes ?? []], [.. RunTimes ?? []]);
    }
}
