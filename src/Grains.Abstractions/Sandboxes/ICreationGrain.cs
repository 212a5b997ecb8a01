using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>One create with an <c>Idempotency-Key</c>. Key: <c>tenant/SHA-256 of the key</c> in lower-case hex.</summary>
[Alias("podflare.ICreationGrain")]
public interface ICreationGrain : IGrainWithStringKey
{
    /// <summary>Creates a sandbox, or returns the one that this key has created before.</summary>
    /// <exception cref="IdempotencyKeyReusedException">The key was used with another payload.</exception>
    [Alias("Create")]
    Task<Creation> Create(TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken = default);
}

/// <summary>The outcome of a create.</summary>
/// <param name="Joined">An earlier request with the same key made it.</param>
[GenerateSerializer, Immutable, Alias("podflare.Creation")]
public sealed record Creation([property: Id(0)] SandboxInfo Sandbox, [property: Id(1)] bool Joined);
