namespace Podflare.Tenants;

/// <summary>The state of a tenant.</summary>
[GenerateSerializer, Alias("podflare.TenantState")]
public enum TenantState
{
    /// <summary>Its keys work.</summary>
    Active,

    /// <summary>Its keys are refused with 403 <c>tenant_suspended</c>. It can be resumed.</summary>
    Suspended,

    /// <summary>Its keys have ended for good. Its usage and audit log remain, and its id is not given out again.</summary>
    Deleted,
}
