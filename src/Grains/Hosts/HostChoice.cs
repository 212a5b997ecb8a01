namespace Podflare.Hosts;

/// <summary>In which order hosts are asked for a new sandbox.</summary>
internal static class HostChoice
{
    /// <summary>The better of two random hosts first, then the next best, <paramref name="count"/> at most.</summary>
    public static IReadOnlyList<string> Order(IEnumerable<(string Host, HostLoad Load)> hosts, int count, Random random)
    {
        var open = hosts.Where(host => !host.Load.Draining).ToArray();
        random.Shuffle(open);
        // The best of all would send everybody to one host for as long as its load is not asked again.
        if (open.Length > 1 && Fullness(open[1].Load) < Fullness(open[0].Load)) (open[0], open[1]) = (open[1], open[0]);
        return [.. open.Take(1).Concat(open.Skip(1).OrderBy(host => Fullness(host.Load))).Take(count).Select(host => host.Host)];
    }

    private static double Fullness(HostLoad load) => load.Slots > 0 ? (double)load.Sandboxes / load.Slots : double.MaxValue;
}
