using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>The shares of this process: one for each limit of each tenant that is active on it. Thread-safe.</summary>
public sealed class ShareTable(IOptions<QuotaOptions> options, TimeProvider time)
{
    private readonly ConcurrentDictionary<(TenantId Tenant, QuotaKind Kind), TenantShare> _shares = new();

    /// <summary>Shares that this process holds, or asks for.</summary>
    public int Count => _shares.Count;

    internal RateShare RateOf(TenantId tenant, QuotaKind kind, RateLimit limit) =>
        (RateShare)_shares.GetOrAdd((tenant, kind), static (key, state) => new RateShare(key.Tenant, key.Kind, state.limit, state.time), (limit, time));

    internal PermitShare PermitsOf(TenantId tenant, QuotaKind kind, int limit) =>
        (PermitShare)_shares.GetOrAdd(
            (tenant, kind), static (key, state) => new PermitShare(key.Tenant, key.Kind, state.limit, state.MaxWaitingRuns, state.time), (limit, options.Value.MaxWaitingRuns, time));

    internal TenantShare? Find(TenantId tenant, QuotaKind kind) => _shares.GetValueOrDefault((tenant, kind));

    /// <summary>All shares, without those that were not used for a while.</summary>
    internal TenantShare[] Active()
    {
        foreach (var (key, share) in _shares)
        {
            if (share.TryRetire(TimeSpan.FromSeconds(options.Value.ActiveSeconds))) _shares.TryRemove(key, out _);
        }

        return [.. _shares.Values];
    }
}
