using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Podflare.Http;
using Podflare.Limits;
using Podflare.Sandboxes;

namespace Podflare.Tenants;

/// <summary>The JSON representation of a tenant.</summary>
internal sealed record TenantJson(string Id, string Name, string State, LimitsJson Limits, string? CreatedAt)
{
    public static TenantJson Of(TenantSnapshot tenant) => Of(tenant, LimitsJson.Of(tenant.Limits));

    public static TenantJson Of(TenantSnapshot tenant, LimitsJson limits) => new(
        tenant.Id.Value, tenant.Name, tenant.State.ToString().ToLowerInvariant(), limits, tenant.CreatedAt == default ? null : Timestamps.ToRfc3339(tenant.CreatedAt));
}

/// <summary>Limits: as an administrator set them, or as they are in effect.</summary>
internal sealed record LimitsJson(
    double? RequestsPerSecond,
    double? RequestBurst,
    double? CreatesPerSecond,
    double? CreateBurst,
    int? Sandboxes,
    long? MemoryMib,
    int? Running,
    double? LifetimeSeconds,
    double? IdleSeconds,
    long? OutputBytes,
    long? FileBytes,
    int? Transfers,
    int? LargeBodies,
    IReadOnlyList<string>? EgressHosts)
{
    public static LimitsJson Of(TenantLimits own) => new(
        own.RequestsPerSecond, own.RequestBurst, own.CreatesPerSecond, own.CreateBurst, own.Sandboxes, own.MemoryMib, own.Running, own.LifetimeSeconds, own.IdleSeconds,
        own.OutputBytes, own.FileBytes, own.Transfers, own.LargeBodies, List(own.EgressHosts));

    public static LimitsJson Of(EffectiveLimits limits) => new(
        limits.Requests.PerSecond, limits.Requests.Burst, limits.Creates.PerSecond, limits.Creates.Burst, limits.Sandboxes, limits.MemoryMib, limits.Running,
        limits.Lifetime?.TotalSeconds, limits.Idle?.TotalSeconds, limits.OutputBytes, limits.FileBytes, limits.Transfers, limits.LargeBodies, List(limits.EgressHosts));

    private static IReadOnlyList<string>? List(ImmutableArray<string>? hosts) => hosts is { } some ? [.. some] : null;
}

/// <summary>One page of the list of tenants.</summary>
internal sealed record TenantPageJson(IReadOnlyList<TenantJson> Tenants, string? NextCursor);

/// <summary>A sandbox as an administrator sees it: nothing that its tenant has put into it.</summary>
internal sealed record TenantSandboxJson(string Id, string State, string Template, string CreatedAt, string ExpiresAt, string? EndedAt, string? EndedReason)
{
    public static TenantSandboxJson Of(SandboxJson sandbox) => new(
        sandbox.Id, sandbox.State, sandbox.Template, sandbox.CreatedAt, sandbox.ExpiresAt, sandbox.EndedAt, sandbox.EndedReason);
}

/// <summary>One page of the list of a tenant's sandboxes.</summary>
internal sealed record TenantSandboxPageJson(IReadOnlyList<TenantSandboxJson> Sandboxes, string? NextCursor)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TenantJson))]
[JsonSerializable(typeof(TenantPageJson))]
[JsonSerializable(typeof(TenantSandboxPageJson))]
internal sealed partial class TenantJsonContext : JsonSerializerContext;
