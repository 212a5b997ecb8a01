using System.Globalization;

namespace Podflare.Limits;

/// <summary>The headers of draft-ietf-httpapi-ratelimit-headers-11, which tell a caller its limits and what is left of them.</summary>
internal static class RateLimitHeaders
{
    public const string Policy = "RateLimit-Policy";
    public const string Limit = "RateLimit";

    /// <summary>The policy of a rate: the burst may be used within the time in which it comes back.</summary>
    public static string PolicyOf(string name, RateLimit limit) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={(long)limit.Burst};w={(long)Math.Ceiling(limit.Burst / limit.PerSecond)}");

    /// <summary>The policy of a limit of what may exist at the same time.</summary>
    public static string PolicyOf(string name, long most) => string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={most};qu=\"concurrent-requests\"");

    /// <summary>What is left of a rate. Where nothing is left, also the seconds until something is.</summary>
    public static string LimitOf(string name, RateDecision decision) => decision.IsAllowed
        ? string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r={decision.Left}")
        : string.Create(CultureInfo.InvariantCulture, $"\"{name}\";r=0;t={SecondsUntil(decision)}");

    /// <summary>The whole seconds after which a refused request may be repeated.</summary>
    public static int SecondsUntil(RateDecision decision) =>
        decision.Wait < TimeSpan.Zero ? 60 : (int)Math.Clamp(Math.Ceiling(decision.Wait.TotalSeconds), 1, 3_600);
}
