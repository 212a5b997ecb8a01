using System.Collections.Immutable;
using System.Text;
using Podflare.Sandboxes;

namespace Podflare.GrainClient;

/// <summary>The limits that the HTTP API sets, for callers that pass it by.</summary>
internal static class Checks
{
    private const int MaxPairs = 32;
    private const int MaxKey = 64;
    private const int MaxValue = 512;
    private const int MaxEnvBytes = 64 * 1024;
    private const int MaxIdempotencyKey = 255;

    /// <exception cref="ArgumentException">The value is not positive, or longer than any server accepts.</exception>
    public static void Duration(TimeSpan value, TimeSpan longest, string name)
    {
        if (value < TimeSpan.FromMilliseconds(1)) throw new ArgumentException($"{name} must be at least a millisecond.");
        if (value > longest) throw new ArgumentException($"{name} must be at most {longest.TotalDays:0} days.");
    }

    public static void Metadata(IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count > MaxPairs) throw new ArgumentException($"Metadata must have at most {MaxPairs} pairs.");
        foreach (var (name, value) in metadata)
        {
            if (name.Length is 0 or > MaxKey) throw new ArgumentException($"Metadata must have keys of 1 to {MaxKey} characters.");
            if (value.Length > MaxValue) throw new ArgumentException($"Metadata '{name}' must have at most {MaxValue} characters.");
        }
    }

    public static void Env(IReadOnlyDictionary<string, string> env, string field)
    {
        foreach (var (name, value) in env)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAny('=', '\0')) throw new ArgumentException($"{field} must have names without '=' and NUL.");
            if (value.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException($"{field} '{name}' must not contain NUL.");
        }

        var bytes = env.Sum(pair => (long)Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value));
        if (bytes > MaxEnvBytes) throw new ArgumentException($"{field} has {bytes} bytes; at most {MaxEnvBytes} are allowed.");
    }

    /// <returns>The hosts in their normal form.</returns>
    /// <exception cref="ArgumentException">There are too many, or one is not a host name.</exception>
    public static ImmutableArray<string> Hosts(IReadOnlyList<string> texts, string field)
    {
        if (texts.Count > EgressHosts.Max) throw new ArgumentException($"{field} must have at most {EgressHosts.Max} hosts.");
        var hosts = ImmutableArray.CreateBuilder<string>(texts.Count);
        foreach (var text in texts)
        {
            if (EgressHosts.Normalize(text, out var host) is { } wrong) throw new ArgumentException($"{field} '{text}' {wrong}.");
            if (!hosts.Contains(host)) hosts.Add(host);
        }

        return hosts.ToImmutable();
    }

    /// <returns>The key, or a new one.</returns>
    public static string Key(string? key)
    {
        if (key is null) return Guid.NewGuid().ToString("N");
        return key.Length is > 0 and <= MaxIdempotencyKey && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new ArgumentException($"IdempotencyKey must be 1 to {MaxIdempotencyKey} visible ASCII characters.");
    }

    public static ImmutableSortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string> pairs) =>
        pairs.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
