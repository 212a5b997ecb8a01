using Podflare.Limits;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>How much output the log keeps of a tenant: the tenant's own limit, or that of the server where it is lower.</summary>
/// <param name="tenants">Null where tenants have no limits.</param>
internal sealed class TenantLogLimits(RunOptions options, ITenantLimits? tenants)
{
    private static readonly KeyValuePair<string, object?> Policy = new("policy", "output");

    public long MaxBytesOf(TenantId tenant) => Math.Min(options.MaxTenantLogBytes, OwnOf(tenant));

    /// <summary>The refusal of a new run of a tenant whose open runs have more output than the log keeps.</summary>
    public PodflareException Refuse(TenantId tenant)
    {
        if (OwnOf(tenant) > options.MaxTenantLogBytes) return LogMetrics.Refuse(LogBudgetScope.Tenant);
        Instruments.LimitRefusals.Add(1, Policy);
        return new OutputQuotaExceededException();
    }

    private long OwnOf(TenantId tenant) => tenants?.Find(tenant)?.OutputBytes ?? long.MaxValue;
}
