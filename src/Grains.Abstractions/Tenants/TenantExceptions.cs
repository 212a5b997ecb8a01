namespace Podflare.Tenants;

/// <summary>Nobody has created the tenant, or it is deleted.</summary>
[GenerateSerializer, Alias("podflare.TenantNotFoundException")]
public sealed class TenantNotFoundException() : PodflareException("tenant not found");

/// <summary>The id is in use, or a deleted tenant had it.</summary>
[GenerateSerializer, Alias("podflare.TenantExistsException")]
public sealed class TenantExistsException(TenantId id) : PodflareException($"the tenant {id} exists")
{
    [Id(0)]
    public TenantId TenantId { get; } = id;
}

/// <summary>The tenant has changed since it was read. Safe to retry with what it is now.</summary>
[GenerateSerializer, Alias("podflare.TenantChangedException")]
public sealed class TenantChangedException() : PodflareException("the tenant was changed by another request at the same time; retry the request");
