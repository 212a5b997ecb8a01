using System.Collections.Immutable;
using Podflare.Telemetry;

namespace Podflare.Resources;

/// <summary>What one sandbox has used since this process has its container: a bounded series of samples, and what they add to the metrics. Thread-safe.</summary>
/// <param name="template">The label of its metrics.</param>
/// <param name="before">What its container had used before it became this sandbox; null where this process did not see that.</param>
/// <param name="interval">Time between two samples while nobody asks for them.</param>
/// <param name="points">Samples that are kept.</param>
internal sealed class ResourceSeries(string template, TimeSpan? before, TimeSpan interval, int points, TimeProvider time)
{
    // A caller that has just read the figures will probably read them again, so they are sampled more often for a while.
    private static readonly TimeSpan Attention = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Queue<(DateTimeOffset At, ResourceSample Sample)> _samples = [];
    private readonly KeyValuePair<string, object?> _template = new("template", template);
    private TimeSpan? _cpu = before;
    private TimeSpan? _throttled = before is null ? null : TimeSpan.Zero;
    private int? _kills = before is null ? null : 0;
    private long _memory;
    private long? _requestedAt;
    private long? _askedAt;
    private bool _closed;

    /// <summary>Whether the next report is to be a whole one. If so, it counts as requested.</summary>
    /// <param name="pause">Time until the next time at which one can be requested.</param>
    public bool TakeTurn(TimeSpan pause)
    {
        lock (_gate)
        {
            var due = _requestedAt is not { } requested || IsWatched() || time.GetElapsedTime(requested) + (pause / 2) >= interval;
            if (due) _requestedAt = time.GetTimestamp();
            return due;
        }
    }

    /// <summary>A report of the CPU time alone.</summary>
    public void Count(TimeSpan cpu)
    {
        lock (_gate) CountCpu(cpu);
    }

    /// <summary>The last report, of what only rises.</summary>
    public void Count(TimeSpan cpu, TimeSpan? throttled, int? kills)
    {
        lock (_gate)
        {
            CountCpu(cpu);
            CountRest(throttled, kills);
        }
    }

    /// <summary>A whole report.</summary>
    public void Record(ResourceSample sample)
    {
        lock (_gate)
        {
            if (_closed) return;
            CountCpu(sample.CpuTime);
            CountRest(sample.Throttled, sample.OomKills);
            SetMemory(sample.MemoryBytes ?? _memory);
            if (_samples.Count == points) _samples.Dequeue();
            _samples.Enqueue((time.GetUtcNow(), sample));
        }
    }

    /// <summary>The points between two times, both included. Samples come more often for a while after this.</summary>
    /// <param name="cpuBefore">CPU time that its container had used before it became this sandbox.</param>
    public ImmutableArray<ResourcePoint> Read(DateTimeOffset? from, DateTimeOffset? to, TimeSpan cpuBefore)
    {
        lock (_gate)
        {
            _askedAt = time.GetTimestamp();
            var found = ImmutableArray.CreateBuilder<ResourcePoint>();
            (DateTimeOffset At, TimeSpan Cpu)? last = null;
            foreach (var (at, sample) in _samples)
            {
                double? cpus = last is { } known && at > known.At ? Math.Max(0, (sample.CpuTime - known.Cpu) / (at - known.At)) : null;
                last = (at, sample.CpuTime);
                if (at < from || at > to) continue;
                var used = sample.CpuTime - cpuBefore;
                found.Add(new ResourcePoint(
                    at, cpus, used < TimeSpan.Zero ? TimeSpan.Zero : used, sample.MemoryBytes, sample.MemoryPeakBytes, sample.DiskBytes, sample.Processes, sample.OomKills, sample.Throttled));
            }

            return found.ToImmutable();
        }
    }

    /// <summary>Its container is gone, or another process's.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (!_closed) SetMemory(0);
            _closed = true;
        }
    }

    private bool IsWatched() => _askedAt is { } asked && time.GetElapsedTime(asked) < Attention;

    private void CountCpu(TimeSpan cpu)
    {
        if (_cpu is { } known && cpu > known) Instruments.SandboxCpu.Add((cpu - known).TotalSeconds, _template);
        if (!(cpu < _cpu)) _cpu = cpu;
    }

    private void CountRest(TimeSpan? throttled, int? kills)
    {
        if (_throttled is { } time && throttled > time) Instruments.SandboxThrottled.Add((throttled.Value - time).TotalSeconds, _template);
        if (_kills is { } known && kills > known) Instruments.SandboxOomKills.Add(kills.Value - known, _template);
        if (!(throttled < _throttled)) _throttled = throttled ?? _throttled;
        if (!(kills < _kills)) _kills = kills ?? _kills;
    }

    private void SetMemory(long bytes)
    {
        if (bytes != _memory) Instruments.SandboxMemory.Add(bytes - _memory, _template);
        _memory = bytes;
    }
}
