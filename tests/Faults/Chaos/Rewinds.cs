namespace Podflare.Faults.Chaos;

/// <summary>The times whose writes Redis has lost. Thread-safe.</summary>
internal sealed class Rewinds
{
    // Redis writes its file each second, and may put that off by another one.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset From, DateTimeOffset To)> _times = [];

    /// <summary>What is written from now on may get lost.</summary>
    public void Begin()
    {
        lock (_gate) _times.Add((Clock.Now - Slack, DateTimeOffset.MaxValue));
    }

    /// <summary>Redis answers with an earlier state.</summary>
    public void End()
    {
        lock (_gate) _times[^1] = (_times[^1].From, Clock.Now + Slack);
    }

    /// <summary>Something that was written between these times may have been lost.</summary>
    public bool Touch(DateTimeOffset began, DateTimeOffset ended)
    {
        lock (_gate) return _times.Any(time => began <= time.To && ended >= time.From);
    }
}
