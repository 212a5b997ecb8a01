namespace Podflare.Hosts;

/// <summary>In which order hosts are asked for a new sandbox.</summary>
internal static class HostChoice
{
    /// <summary>The better of two random hosts first, then the next best, <paramref name="count"/> at most.</summary>
    /// <param name="template">A host that has a parked container of it is better than one that would have to start one.</param>
    public static IReadOnlyList<string> Order(IEnumerable<(string Host, HostLoad Load)> hosts, string template, int count, Random random)
    {
        var open = hosts.Where(host => host.Load is { Draining: false, Mode: HostMode.Ready }).ToArray();
        random.Shuffle(open);
        // The best of all would send everybody to one host for as long as its load is not asked again.
        if (open.Length > 1 && Burden(open[1].Load, template).CompareTo(Burden(open[0].Load, template)) < 0) (open[0], open[1]) = (open[1], open[0]);
        return [.. open.Take(1).Concat(open.Skip(1).OrderBy(host => Burden(host.Load, template))).Take(count).Select(host => host.Host)];
    }

    private static (bool Unwell, double Waiting, bool Cold, double Fullness) Burden(HostLoad load, string template) =>
        load.Slots > 0
            ? (load.Problem is not null, load.Waiting, load.Parked.GetValueOrDefault(template) <= 0, Math.Max((double)load.Sandboxes / load.Slots, load.MemoryUsed))
            : (true, double.MaxValue, true, double.MaxValue);
}
