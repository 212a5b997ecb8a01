namespace Podflare.Tenants;

/// <summary>Learns of every change of a tenant that reaches this process.</summary>
public interface ITenantObserver
{
    /// <summary>Called for each tenant when it becomes known and whenever it has changed, never for two snapshots at the same time.</summary>
    void OnChanged(TenantSnapshot tenant);
}
