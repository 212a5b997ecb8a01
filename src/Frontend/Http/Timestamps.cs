using System.Globalization;

namespace Podflare.Http;

/// <summary>Formats times for JSON bodies.</summary>
internal static class Timestamps
{
    /// <summary>RFC 3339 in UTC, with milliseconds.</summary>
    public static string ToRfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
