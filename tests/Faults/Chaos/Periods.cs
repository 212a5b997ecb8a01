namespace Podflare.Faults.Chaos;

/// <summary>The times during which one kind of fault was in effect. Thread-safe.</summary>
internal sealed class Periods
{
    // Redis writes its file each second, and may put that off by another one; budgets are compared every 2 s.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset From, DateTimeOffset To)> _times = [];

    public void Begin()
    {
        lock (_gate) _times.Add((Clock.Now - Slack, DateTimeOffset.MaxValue));
    }

    public void End()
    {
        lock (_gate) _times[^1] = (_times[^1].From, Clock.Now + Slack);
    }

    /// <summary>What happened between these times may have met the fault.</summary>
    public bool Touch(DateTimeOffset began, DateTimeOffset ended)
    {
        lock (_gate) return _times.Any(time => began <= time.To && ended >= time.From);
    }
}
