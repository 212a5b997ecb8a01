using System.Globalization;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Keys;

/// <summary>Fields that requests about keys share.</summary>
internal static class KeyFields
{
    public const int MaxName = 128;
    private const int MaxScopes = 16;
    private const int MaxTime = 64;
    private const double MaxExpirySeconds = 100.0 * 365 * 24 * 60 * 60;

    public static string? Name(ref JsonFieldReader fields)
    {
        if (fields.Text(MaxName) is not { } name) return null;
        if (name.Length > 0 && !name.Any(char.IsControl)) return name;
        fields.Errors.Add("name", $"must be 1 to {MaxName} characters without control characters");
        return null;
    }

    public static KeyScopes? Scopes(ref JsonFieldReader fields)
    {
        var all = KeyScopes.None;
        var known = $"must be one of {string.Join(", ", KeyScopesExtensions.AllNames)}";
        if (fields.Texts(MaxScopes, (name, _) => KeyScopes.TryParse(name, out var scope) && (all |= scope) != 0 ? null : known) is not { IsEmpty: false })
        {
            fields.Errors.Add("scopes", "must have at least one scope");
            return null;
        }

        return all;
    }

    public static DateTimeOffset? Time(ref JsonFieldReader fields, string name)
    {
        if (fields.Text(MaxTime) is not { } text) return null;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && text.Contains('T', StringComparison.OrdinalIgnoreCase)) return time.ToUniversalTime();
        fields.Errors.Add(name, "must be a time as in 2026-12-31T23:59:59Z");
        return null;
    }

    public static double? ExpirySeconds(ref JsonFieldReader fields) => fields.Number(1, MaxExpirySeconds);

    /// <summary>The time at which a key ends, from either of the two fields.</summary>
    public static DateTimeOffset? ExpiresAt(double? seconds, DateTimeOffset? time, DateTimeOffset now, FieldErrors errors)
    {
        if (seconds is not null && time is not null) errors.Add("expires_at", "must not be given together with expires_in_seconds");
        if (time <= now) errors.Add("expires_at", "must be in the future");
        return seconds is { } wanted ? now.AddSeconds(wanted) : time;
    }
}
