using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Podflare.Relay;

/// <summary>How many bytes the sandboxes of each tenant may send through this process. Safe for several threads.</summary>
internal sealed class TenantBudgets(IOptions<RelayOptions> options, TimeProvider time)
{
    private const int MaxTenants = 10_000;

    private readonly ConcurrentDictionary<string, RelayBudget> _budgets = new(StringComparer.Ordinal);

    public RelayBudget Of(string tenant)
    {
        // A budget that is made anew is full, so at worst a tenant gets one burst more.
        if (_budgets.Count >= MaxTenants) _budgets.Clear();
        return _budgets.GetOrAdd(tenant, _ => new RelayBudget(options.Value.TenantBytesPerSecond, options.Value.TenantBurstBytes, time));
    }
}
