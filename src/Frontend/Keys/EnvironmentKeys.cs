using Podflare.Processes;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>One API key of the environment.</summary>
internal sealed record EnvironmentKey(KeyHash Hash, TenantId Tenant, KeyScopes Scopes, int Length)
{
    /// <summary>As the API shows it. Nothing of such a key is shown: it need not be random.</summary>
    public KeyInfo ToInfo() => new(KeyId.OfEnvironment(Hash), Tenant, "environment", Scopes, Prefix: "", CreatedAt: default, CreatedBy: "environment");
}

/// <summary>
/// The API keys that the environment sets, as hashes: <c>PODFLARE_API_KEYS</c> with the scope <c>sandboxes</c> and <c>PODFLARE_ADMIN_KEYS</c> with
/// <c>admin</c>. Each is a comma-separated list of <c>key</c> or <c>tenant:key</c>.
/// </summary>
internal sealed class EnvironmentKeys
{
    public const string Variable = "PODFLARE_API_KEYS";
    public const string AdminVariable = "PODFLARE_ADMIN_KEYS";

    /// <summary>Characters that every key needs where others than this machine can connect.</summary>
    public const int MinPublicLength = 16;

    private const int MinAdminLength = 32;
    private const int MaxKeys = 10_000;
    private const int MaxLength = 512;
    private const int MaxTenant = 64;

    private EnvironmentKeys(IReadOnlyList<EnvironmentKey> all) => All = all;

    public IReadOnlyList<EnvironmentKey> All { get; }

    /// <exception cref="StartUpException">A list is not valid.</exception>
    public static EnvironmentKeys Parse(string? keys, string? adminKeys = null)
    {
        EnvironmentKey[] all = [.. Parse(keys, Variable, KeyScopes.Sandboxes), .. Parse(adminKeys, AdminVariable, KeyScopes.Admin)];
        if (all.FirstOrDefault(key => key.Scopes == KeyScopes.Admin && key.Length < MinAdminLength) is not null)
            throw new StartUpException($"{AdminVariable}: every key must have at least {MinAdminLength} characters.");
        if (all.DistinctBy(key => key.Hash).Count() == all.Length) return new EnvironmentKeys(all);
        throw new StartUpException(string.IsNullOrWhiteSpace(adminKeys) ? $"{Variable} lists the same key twice." : $"{Variable} and {AdminVariable} list the same key twice.");
    }

    private static IEnumerable<EnvironmentKey> Parse(string? text, string variable, KeyScopes scopes)
    {
        if (string.IsNullOrWhiteSpace(text)) return [];
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length is 0 or > MaxKeys) throw new StartUpException($"{variable} must list 1 to {MaxKeys} keys.");
        return parts.Select((part, index) => ParseOne(part, index, variable, scopes));
    }

    // Messages give the position of a key, never its text: keys are secrets, and messages end up in logs.
    private static EnvironmentKey ParseOne(string text, int index, string variable, KeyScopes scopes)
    {
        var colon = text.IndexOf(':');
        var key = text[(colon + 1)..];
        if (key.Length is 0 or > MaxLength || key.Any(c => c is <= ' ' or > '~'))
            throw new StartUpException($"{variable}: entry {index + 1} must have a key of 1 to {MaxLength} visible ASCII characters.");
        var tenant = TenantId.Default;
        if (colon >= 0 && !TenantId.TryParse(text[..colon], null, out tenant))
            throw new StartUpException($"{variable}: the tenant of entry {index + 1} must be 1 to {MaxTenant} letters, digits, '-', '_' or '.'.");
        return new EnvironmentKey(KeyHash.Of(key), tenant, scopes, key.Length);
    }
}
