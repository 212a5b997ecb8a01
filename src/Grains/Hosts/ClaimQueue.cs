using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>The claims of one host that wait, at most <paramref name="limit"/>: tenants take turns, and each one's own are first come, first served.</summary>
/// <remarks>Used on its grain's scheduler only.</remarks>
internal sealed class ClaimQueue(int limit)
{
    private readonly SortedSet<WaitingClaim> _claims = new(Comparer<WaitingClaim>.Create((a, b) => a.Place.CompareTo(b.Place)));

    // The last turn that each tenant has taken a place in; those that are over are forgotten with the next entry.
    private readonly Dictionary<TenantId, long> _lastTurns = [];
    private long _turn;
    private long _entered;

    public int Count => _claims.Count;

    /// <summary>The claims in the order in which they are to be served. It may be changed meanwhile.</summary>
    public IReadOnlyList<WaitingClaim> InOrder() => [.. _claims];

    /// <summary>Takes a place. In a full line the tenant with the most claims gives one up to a tenant with fewer.</summary>
    /// <returns>False when there is no place.</returns>
    public bool TryEnter(WaitingClaim claim)
    {
        if (_claims.Count >= limit && !MakeRoom(claim.Tenant)) return false;
        foreach (var (tenant, turn) in _lastTurns.ToArray())
        {
            if (turn <= _turn) _lastTurns.Remove(tenant);
        }

        var next = Math.Max(_turn, _lastTurns.GetValueOrDefault(claim.Tenant)) + 1;
        _lastTurns[claim.Tenant] = next;
        claim.Place = (next, ++_entered);
        return _claims.Add(claim);
    }

    /// <summary>The claim is served, or has left.</summary>
    /// <returns>False when it was not in line.</returns>
    public bool Leave(WaitingClaim claim, bool served)
    {
        if (!_claims.Remove(claim)) return false;
        if (served) _turn = Math.Max(_turn, claim.Place.Turn - 1);
        if (_claims.Count > 0) return true;
        _lastTurns.Clear();
        _turn = 0;
        return true;
    }

    private bool MakeRoom(TenantId newcomer)
    {
        if (limit == 0) return false;
        var largest = _claims.GroupBy(claim => claim.Tenant).MaxBy(claims => claims.Count())!;
        if (largest.Count() <= _claims.Count(claim => claim.Tenant == newcomer) + 1) return false;
        var last = largest.Last();
        Leave(last, served: false);
        last.Refuse(new NoCapacityException());
        return true;
    }
}
