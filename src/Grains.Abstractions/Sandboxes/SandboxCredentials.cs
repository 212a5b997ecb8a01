using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>What a frontend needs to recognize clients of a sandbox that have no API key: their tokens are derived from its secret.</summary>
/// <param name="Secret">32 random bytes; empty for a sandbox that never got a secret, which no token opens. Never logged.</param>
/// <param name="Home">Absolute path of its user's home.</param>
[GenerateSerializer, Immutable, Alias("podflare.SandboxCredentials")]
public sealed record SandboxCredentials([property: Id(0)] TenantId Tenant, [property: Id(1)] byte[] Secret, [property: Id(2)] string Home)
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretBytes = 32;
}
