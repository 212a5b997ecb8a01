using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>Resolves intervals of several layers into one timeline without overlaps or gaps.</summary>
internal static class Timeline
{
    /// <summary>Returns the status at each moment of [from, to): that of the highest layer and, within a layer, of the interval that started last; otherwise no data.</summary>
    public static List<StatusSpan> Resolve(IEnumerable<Interval> intervals, DateTimeOffset from, DateTimeOffset to)
    {
        var line = new List<StatusSpan>();
        if (from >= to) return line;
        var inside = intervals.Where(i => i.From < to && (i.To ?? DateTimeOffset.MaxValue) > from && i.From < (i.To ?? DateTimeOffset.MaxValue))
            .OrderBy(i => i.From).ToArray();
        var cuts = inside.SelectMany(i => new[] { i.From, i.To ?? to }).Where(at => at > from && at < to).Append(from).Append(to).Distinct().Order().ToArray();
        var active = new List<Interval>();
        var next = 0;
        for (var c = 0; c + 1 < cuts.Length; c++)
        {
            while (next < inside.Length && inside[next].From <= cuts[c]) active.Add(inside[next++]);
            active.RemoveAll(i => i.To <= cuts[c]);
            var status = active.Count == 0 ? ComponentStatus.NoData : FindHighest(active).Status;
            if (line.Count > 0 && line[^1].Status == status) line[^1] = line[^1] with { To = cuts[c + 1] };
            else line.Add(new StatusSpan(status, cuts[c], cuts[c + 1]));
        }

        return line;
    }

    // Of two that started at the same time, the one that was stored last wins.
    private static Interval FindHighest(List<Interval> active) => active.Aggregate((top, i) => (i.Layer, i.From).CompareTo((top.Layer, top.From)) >= 0 ? i : top);
}
