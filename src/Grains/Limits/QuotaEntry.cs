namespace Podflare.Limits;

/// <summary>One limit of one tenant on the board: what each process wants and holds of it.</summary>
/// <param name="isNew">The tenant was not active lately, so that its whole burst is there.</param>
internal sealed class QuotaEntry(QuotaReport first, bool isNew, TimeProvider time)
{
    // A process keeps what it has too much, up to this part of the limit, while nobody wants it: shares do not move to and fro.
    private const double Tolerance = 0.05;

    private readonly SortedDictionary<string, Holding> _holdings = new(StringComparer.Ordinal);
    private double _limit = first.Limit;
    private double _burst = first.Burst;

    // Tokens of the burst that no process has. They come at the part of the rate that no process holds.
    private double _credit = isNew ? first.Burst : 0;
    private long _creditAt = time.GetTimestamp();

    private bool IsWhole => first.Kind is QuotaKind.Running;

    private double Free => Math.Max(0, _limit - _holdings.Values.Sum(holding => holding.Held));

    /// <summary>How much all processes use, as they last reported.</summary>
    public double Used => _holdings.Values.Sum(holding => holding.Used);

    /// <summary>Forgetting the entry changes nothing: nobody holds a share, and the whole burst is there.</summary>
    public bool IsForgettable
    {
        get
        {
            RefillCredit();
            return _holdings.Count == 0 && _credit >= _burst;
        }
    }

    /// <summary>The process holds nothing of it any more.</summary>
    public void Leave(string process)
    {
        RefillCredit();
        _holdings.Remove(process);
    }

    /// <summary>Takes the report of a process and returns its share.</summary>
    /// <param name="processes">All processes that may want a share.</param>
    /// <param name="isListening">Nothing is granted beyond what the process holds.</param>
    public QuotaShare Exchange(string process, QuotaReport report, int processes, bool isListening)
    {
        RefillCredit();
        var held = Math.Max(report.Held, report.Used);
        var own = _holdings[process] = new Holding(report.Limit, report.Burst, report.Wanted, report.Used, held);
        // Processes learn of a changed limit one after the other; the lowest one counts until all have.
        _limit = _holdings.Values.Min(holding => holding.Limit);
        _burst = _holdings.Values.Min(holding => holding.Burst);
        if (isListening) return new QuotaShare(report.Tenant, report.Kind, report.Held, 0);

        var target = Keep(process, own, Targets(processes));
        var free = Free;
        var granted = QuotaMath.Grant(_limit, target, held, _limit - free - held);
        var tokens = 0.0;
        if (granted > held)
        {
            tokens = free > 0 ? _credit * Math.Min(1, (granted - held) / free) : 0;
            _credit -= tokens;
            _holdings[process] = own with { Held = granted };
        }

        return new QuotaShare(report.Tenant, report.Kind, granted, tokens);
    }

    private Dictionary<string, double> Targets(int processes)
    {
        string[] names = [.. _holdings.Keys];
        if (!IsWhole) return Pair(names, QuotaMath.Divide(_limit, [.. _holdings.Values.Select(holding => holding.Wanted)], processes));
        int[] wanted = [.. _holdings.Values.Select(holding => (int)Math.Min(Math.Ceiling(holding.Wanted), int.MaxValue))];
        return Pair(names, [.. QuotaMath.DivideWhole((int)_limit, wanted, processes).Select(share => (double)share)]);
    }

    private double Keep(string process, Holding own, Dictionary<string, double> targets)
    {
        var target = targets[process];
        if (target >= own.Held || target < own.Held - (Tolerance * _limit) || own.Held > _limit) return target;
        var missing = _holdings.Where(pair => pair.Key != process).Sum(pair => Math.Max(0, targets[pair.Key] - pair.Value.Held));
        return missing > Free ? target : own.Held;
    }

    private void RefillCredit()
    {
        var (now, free) = (time.GetTimestamp(), Free);
        var most = _limit > 0 ? _burst * (free / _limit) : 0;
        _credit = Math.Min(most, _credit + (time.GetElapsedTime(_creditAt, now).TotalSeconds * free));
        _creditAt = now;
    }

    private static Dictionary<string, double> Pair(string[] names, double[] shares) => names.Zip(shares).ToDictionary(pair => pair.First, pair => pair.Second);

    /// <param name="Held">What the process may be using: its own report, or what it was granted since.</param>
    private sealed record Holding(double Limit, double Burst, double Wanted, double Used, double Held);
}
