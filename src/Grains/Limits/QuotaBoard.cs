using System.Collections.Immutable;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>
/// Divides the limits of all tenants among the processes that exchange with it. The sum of the shares of a limit never exceeds it: a share grows
/// only when another one's holder has reported that it shrank, or has been silent for so long that it no longer acts on it.
/// </summary>
/// <param name="expected">The processes that are alive. When all of them have reported, nothing is left to listen for.</param>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class QuotaBoard(QuotaOptions options, Func<int> expected, TimeProvider time)
{
    private static readonly TimeSpan CleanInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Member> _members = [];
    private readonly Dictionary<(TenantId Tenant, QuotaKind Kind), QuotaEntry> _entries = [];
    private readonly long _startedAt = time.GetTimestamp();
    private bool _isListening = true;
    private long _cleanedAt = time.GetTimestamp();

    /// <summary>Limits that somebody holds a share of, or held one lately.</summary>
    public int Count => _entries.Count;

    /// <summary>How much of a limit all processes use, as they last reported.</summary>
    public double UsedOf(TenantId tenant, QuotaKind kind) => _entries.GetValueOrDefault((tenant, kind))?.Used ?? 0;

    public QuotaAnswer Exchange(QuotaExchange exchange)
    {
        Clean();
        if (!_members.TryGetValue(exchange.Process, out var member)) _members[exchange.Process] = member = new Member();
        // A report that was overtaken says nothing about what the process holds now, and the process does not wait for its answer.
        if (exchange.Sequence <= member.Sequence) return new QuotaAnswer([], [], IsEnforced, _isListening);
        (member.Sequence, member.HeardAt, member.Kinds, member.IsEnforced) = (exchange.Sequence, time.GetTimestamp(), exchange.Kinds, exchange.IsEnforced);
        if (_isListening && (_members.Count >= expected() || time.GetElapsedTime(_startedAt) >= TimeSpan.FromSeconds(options.ListenSeconds))) _isListening = false;
        if (!exchange.IsPartial) Release(exchange.Process, member, exchange.Reports);
        ImmutableArray<QuotaShare> shares = [.. exchange.Reports.Select(report => Exchange(exchange.Process, member, report))];
        return new QuotaAnswer(shares, [.. exchange.Kinds.Select(CountOf)], IsEnforced, _isListening);
    }

    private bool IsEnforced => _members.Values.Any(member => member.IsEnforced);

    private QuotaShare Exchange(string process, Member member, QuotaReport report)
    {
        var key = (report.Tenant, report.Kind);
        if (!_entries.TryGetValue(key, out var entry)) _entries[key] = entry = new QuotaEntry(report, isNew: !_isListening, time);
        member.Held.Add(key);
        return entry.Exchange(process, report, CountOf(report.Kind), _isListening);
    }

    private int CountOf(QuotaKind kind) => _members.Values.Count(member => member.Kinds.Contains(kind));

    /// <summary>A process that lists all it holds has released everything else.</summary>
    private void Release(string process, Member member, ImmutableArray<QuotaReport> reports)
    {
        var kept = reports.Select(report => (report.Tenant, report.Kind)).ToHashSet();
        foreach (var key in member.Held.Where(key => !kept.Contains(key)).ToArray()) Leave(process, member, key);
    }

    private void Leave(string process, Member member, (TenantId, QuotaKind) key)
    {
        member.Held.Remove(key);
        _entries.GetValueOrDefault(key)?.Leave(process);
    }

    private void Clean()
    {
        foreach (var (process, member) in _members)
        {
            if (time.GetElapsedTime(member.HeardAt) < TimeSpan.FromSeconds(options.SilenceSeconds)) continue;
            foreach (var key in member.Held.ToArray()) Leave(process, member, key);
            _members.Remove(process);
        }

        if (time.GetElapsedTime(_cleanedAt) < CleanInterval) return;
        _cleanedAt = time.GetTimestamp();
        foreach (var (key, entry) in _entries)
        {
            if (entry.IsForgettable) _entries.Remove(key);
        }
    }

    private sealed class Member
    {
        public long Sequence { get; set; }

        public long HeardAt { get; set; }

        public ImmutableArray<QuotaKind> Kinds { get; set; } = [];

        public bool IsEnforced { get; set; }

        public HashSet<(TenantId, QuotaKind)> Held { get; } = [];
    }
}
