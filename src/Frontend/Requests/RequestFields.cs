using System.Collections.Immutable;
using System.Globalization;

namespace Podflare.Requests;

/// <summary>Fields that several requests have. Values above a maximum are reduced to it, with a warning.</summary>
internal static class RequestFields
{
    public const int MaxMetadataKey = 64;
    public const int MaxMetadataValue = 512;

    // More pairs than this cannot fit into the limit in bytes.
    private const int MaxEnvPairs = 32 * 1024;

    /// <summary>A duration: the default when it is absent, and the maximum when it is longer.</summary>
    public static TimeSpan Duration(string field, double? seconds, int byDefault, int maximum, List<string> warnings) =>
        // Timers have a resolution of one millisecond.
        TimeSpan.FromSeconds(Math.Max(0.001, seconds is { } wanted ? Cap(field, wanted, maximum, warnings) : Math.Min(byDefault, maximum)));

    public static double Cap(string field, double wanted, int maximum, List<string> warnings)
    {
        if (wanted <= maximum) return wanted;
        warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{field} was reduced to the maximum of {maximum}"));
        return maximum;
    }

    public static ImmutableSortedDictionary<string, string> Metadata(ref JsonFieldReader fields, int maxPairs) =>
        fields.Map(maxPairs, static (name, value, _) => WrongMetadata(name, value));

    public static string? WrongMetadata(string name, string value) =>
        name.Length is 0 or > MaxMetadataKey ? $"must have a key of 1 to {MaxMetadataKey} characters"
        : value.Length > MaxMetadataValue ? $"must have at most {MaxMetadataValue} characters"
        : null;

    public static ImmutableSortedDictionary<string, string> Env(ref JsonFieldReader fields, int maxBytes) =>
        fields.Map(MaxEnvPairs, (name, value, bytes) => WrongEnv(name, value, bytes, maxBytes));

    /// <summary>Environment variables as a list of pairs.</summary>
    public static ImmutableSortedDictionary<string, string> EnvPairs(ref JsonFieldReader fields, int maxBytes) =>
        fields.Pairs(MaxEnvPairs, (name, value, bytes) => WrongEnv(name, value, bytes, maxBytes));

    private static string? WrongEnv(string name, string value, long bytes, int maxBytes) =>
        name.Length == 0 || name.AsSpan().ContainsAny('=', '\0') ? "must have a non-empty name without '=' and NUL"
        : value.Contains('\0', StringComparison.Ordinal) ? "must not contain NUL"
        : bytes > maxBytes ? $"exceeds the limit of {maxBytes} bytes for all names and values"
        : null;
}
