using System.Text;

namespace Podflare.Telemetry;

/// <summary>The <c>baggage</c> of a call: passed on as it came, never decoded, logged or made an attribute.</summary>
/// <remarks>W3C Baggage, "Limits".</remarks>
public static class BaggageList
{
    private const int MaxMembers = 64;
    private const int MaxBytes = 8192;

    /// <summary>Joins the values in order, without members that have no <c>=</c>; what is over 64 members or 8192 bytes is cut off at a whole member.</summary>
    /// <returns>Null when nothing is left.</returns>
    public static string? Read(params ReadOnlySpan<string?> values)
    {
        StringBuilder? joined = null;
        var (members, bytes) = (0, 0);
        foreach (var value in values)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var member = value.AsSpan(range).Trim(" \t");
                if (member.IndexOf('=') < 1) continue;
                bytes += Encoding.UTF8.GetByteCount(member) + (members == 0 ? 0 : 1);
                if (++members > MaxMembers || bytes > MaxBytes) return joined?.ToString();
                (joined is null ? joined = new StringBuilder() : joined.Append(',')).Append(member);
            }
        }

        return joined?.ToString();
    }
}
