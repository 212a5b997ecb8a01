using Podflare.Limits;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Mcp;

/// <summary>Counts the sandboxes that tools create against the tenant's rate of creates, as the route that creates sandboxes does.</summary>
internal sealed class CreateLimiter(ITenantLimits limits, TenantShares shares)
{
    /// <exception cref="ProblemException">429: the rate is exceeded.</exception>
    public async Task TakeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (limits.Find(tenant) is not { } most) return;
        var decision = await shares.TakeAsync(tenant, QuotaKind.Creates, most.Creates, cancellationToken);
        if (!decision.IsAllowed) throw RateLimitMiddleware.RefuseCreate(decision);
    }
}
