using System.Security.Cryptography;
using System.Text;
using Podflare.Hosting;
using Podflare.Processes;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>The valid API keys, stored as hashes. Read from <c>PODFLARE_API_KEYS</c>, a comma-separated list of <c>key</c> or <c>tenant:key</c>.</summary>
internal sealed class ApiKeyRing
{
    public const string Variable = "PODFLARE_API_KEYS";
    private const int MaxKeys = 10_000;
    private const int MaxLength = 512;
    private const int MaxTenant = 64;

    private readonly IReadOnlyList<Entry> _entries;

    private ApiKeyRing(IReadOnlyList<Entry> entries) => _entries = entries;

    public bool IsEmpty => _entries.Count == 0;

    public static ApiKeyRing Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return new ApiKeyRing([]);
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (parts.Length is 0 or > MaxKeys) throw new StartUpException($"{Variable} must list 1 to {MaxKeys} keys.");
        var entries = parts.Select(ParseEntry).ToArray();
        return entries.DistinctBy(entry => Convert.ToHexString(entry.Hash)).Count() == entries.Length
            ? new ApiKeyRing(entries)
            : throw new StartUpException($"{Variable} lists the same key twice.");
    }

    // Messages give the position of an entry, never its text: keys are secrets, and messages end up in logs.
    private static Entry ParseEntry(string text, int index)
    {
        var colon = text.IndexOf(':');
        var tenant = colon < 0 ? TenantId.Default : new TenantId(text[..colon]);
        var key = text[(colon + 1)..];
        if (key.Length is 0 or > MaxLength || key.Any(c => c is <= ' ' or > '~'))
            throw new StartUpException($"{Variable}: entry {index + 1} must have a key of 1 to {MaxLength} visible ASCII characters.");
        if (tenant.Value.Length is 0 or > MaxTenant || !tenant.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new StartUpException($"{Variable}: the tenant of entry {index + 1} must be 1 to {MaxTenant} letters, digits, '-', '_' or '.'.");
        return new Entry(Hash(key), tenant);
    }

    /// <summary>The tenant of a key, or null when the key is not valid. Takes the same time for every key.</summary>
    public TenantId? Find(string key)
    {
        var hash = Hash(key);
        TenantId? found = null;
        foreach (var entry in _entries)
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Hash, hash)) found = entry.Tenant;
        }

        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private readonly record struct Entry(byte[] Hash, TenantId Tenant);
}
