using System.Collections.Concurrent;

namespace Podflare.Faults.Chaos;

/// <summary>What was looked at, and what was wrong. Thread-safe.</summary>
internal sealed class Audit
{
    private const int MostViolations = 100;

    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentDictionary<string, int> _endings = new();
    private readonly ConcurrentDictionary<string, int> _repeats = new();
    private long _events;
    private long _bytes;
    private int _runs;
    private int _sandboxes;
    private int _resumes;
    private int _comparisons;

    /// <summary>Everything that must not be; empty at the end of a good run.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    public long Events => Interlocked.Read(ref _events);

    public long Bytes => Interlocked.Read(ref _bytes);

    public int Runs => Volatile.Read(ref _runs);

    public int Sandboxes => Volatile.Read(ref _sandboxes);

    /// <summary>Times that a reader went on after a break.</summary>
    public int Resumes => Volatile.Read(ref _resumes);

    /// <summary>Times that lists, records and keys were compared with the containers.</summary>
    public int Comparisons => Volatile.Read(ref _comparisons);

    /// <summary>Runs by how they ended, such as <c>0</c> or <c>124 timeout</c>.</summary>
    public IReadOnlyDictionary<string, int> Endings => _endings;

    /// <summary>Requests that were made again, by what was answered.</summary>
    public IReadOnlyDictionary<string, int> Repeats => _repeats;

    public void Fail(string what)
    {
        if (_violations.Count >= MostViolations) return;
        _violations.Enqueue($"{Clock.Now:HH:mm:ss.fff} {what}");
        Clock.Say($"VIOLATION {what}");
    }

    public void OnEvent(int bytes)
    {
        Interlocked.Increment(ref _events);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void OnRun(string ending)
    {
        Interlocked.Increment(ref _runs);
        _endings.AddOrUpdate(ending, 1, (_, count) => count + 1);
    }

    public void OnSandbox() => Interlocked.Increment(ref _sandboxes);

    public void OnResume() => Interlocked.Increment(ref _resumes);

    public void OnComparison() => Interlocked.Increment(ref _comparisons);

    public void OnRepeat(string why) => _repeats.AddOrUpdate(why, 1, (_, count) => count + 1);
}
