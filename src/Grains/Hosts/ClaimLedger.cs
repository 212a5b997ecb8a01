using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>What a host has of each tenant: its sandboxes, and the claims that are on their way to become some.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed class ClaimLedger(ContainerLedger ledger)
{
    private readonly HashSet<Claim> _waiting = [];

    /// <summary>A claim begins to wait for its container.</summary>
    /// <param name="now">A timestamp.</param>
    public Claim Begin(TenantId tenant, string? creation, long memoryBytes, long now)
    {
        var claim = new Claim(tenant, creation, memoryBytes, now);
        _waiting.Add(claim);
        return claim;
    }

    /// <summary>The claim has its container, or has failed.</summary>
    public void End(Claim claim) => _waiting.Remove(claim);

    public HostHoldings Of(TenantId tenant)
    {
        var waiting = _waiting.Where(claim => claim.Tenant == tenant).Select(claim => new HostHolding(null, claim.Creation, claim.MemoryBytes >> 20));
        var held = ledger.All.Where(entry => TenantOf(entry) == tenant).Select(entry => new HostHolding(entry.Sandbox, entry.Info?.Creation ?? entry.Claim?.Creation, entry.MemoryBytes >> 20));
        return new HostHoldings([.. waiting, .. held], [.. ledger.In(ContainerState.Adopting).Select(entry => entry.Sandbox)]);
    }

    private static TenantId? TenantOf(ContainerEntry entry) => entry.State switch
    {
        ContainerState.Live => entry.Info?.Tenant,
        ContainerState.Leased or ContainerState.HandedOver => entry.Claim?.Tenant,
        _ => null,
    };

    /// <summary>A claim of a tenant.</summary>
    /// <param name="creation">The create that it belongs to; null where the caller is of an earlier version.</param>
    /// <param name="beganAt">When it arrived, as a timestamp.</param>
    internal sealed class Claim(TenantId tenant, string? creation, long memoryBytes, long beganAt)
    {
        public TenantId Tenant { get; } = tenant;

        public string? Creation { get; } = creation;

        public long MemoryBytes { get; } = memoryBytes;

        public long BeganAt { get; } = beganAt;
    }
}
