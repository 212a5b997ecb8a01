using System.Collections.Immutable;
using Podflare.Audit;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>What is stored of a tenant.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TenantRecord")]
public sealed record TenantRecord
{
    [Id(0)] public string Name { get; init; } = "";

    [Id(1)] public TenantState State { get; init; }

    [Id(2)] public TenantLimits Limits { get; init; } = TenantLimits.None;

    [Id(3)] public ImmutableArray<KeyEntry> Keys { get; init; } = [];

    /// <summary>Grows with every change.</summary>
    [Id(4)] public long Version { get; init; }

    [Id(5)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Acts that the audit log may not have yet. They are stored with the change itself, so that neither exists without the other.</summary>
    [Id(6)] public ImmutableArray<AuditEntry> Outbox { get; init; } = [];

    /// <summary>Its sandboxes are being ended.</summary>
    [Id(7)] public bool EndsSandboxes { get; init; }

    public KeyInfo? FindKey(KeyId id) => Keys.FirstOrDefault(key => key.Info.Id == id)?.Info;

    public TenantRecord WithKey(KeyInfo info) => this with { Keys = [.. Keys.Select(key => key.Info.Id == info.Id ? key with { Info = info } : key)] };

    public TenantSnapshot ToSnapshot(TenantId id) => new(id, Name, State, Limits, Keys, Version, CreatedAt);
}

/// <summary>The ids of all tenants that were ever created.</summary>
[GenerateSerializer, Immutable, Alias("podflare.TenantRegistryRecord")]
public sealed record TenantRegistryRecord
{
    [Id(0)] public ImmutableArray<TenantId> Tenants { get; init; } = [];
}
