using System.Security.Cryptography;
using System.Text;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>The key of the <see cref="ICreationGrain"/> that remembers what an idempotency key of a tenant has made.</summary>
public static class CreationKey
{
    /// <param name="key">1 to 255 visible ASCII characters.</param>
    public static string Of(TenantId tenant, string key) => $"{tenant.Value}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
}
