using System.Buffers;

namespace Podflare.Telemetry;

/// <summary>The <c>tracestate</c> that goes with a <c>traceparent</c>: vendors' entries, passed on as they are.</summary>
/// <remarks>W3C Trace Context, "tracestate Header Field Values" and "tracestate Limits".</remarks>
public static class TraceStateList
{
    private const int MaxMembers = 32;
    private const int MaxLength = 512;
    private const int LongMember = 128;
    private const int MaxPart = 256;

    private static readonly SearchValues<char> KeyStart = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");
    private static readonly SearchValues<char> Key = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_*/@-");

    /// <summary>Joins the values in order. Over 512 characters whole entries go: those over 128 first, then from the right.</summary>
    /// <returns>Null when nothing is left, or when a member is not valid: the standard has the whole field dropped then.</returns>
    public static string? Read(params ReadOnlySpan<string?> values)
    {
        List<string>? members = null;
        foreach (var value in values)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var member = value.AsSpan(range).Trim(" \t");
                if (member.IsEmpty) continue;
                if (!IsMember(member) || members?.Count == MaxMembers) return null;
                (members ??= []).Add(member.ToString());
            }
        }

        return members is null ? null : Shorten(members);
    }

    private static bool IsMember(ReadOnlySpan<char> member)
    {
        var equals = member.IndexOf('=');
        if (equals is < 1 or > MaxPart) return false;
        var key = member[..equals];
        var value = member[(equals + 1)..];
        if (!KeyStart.Contains(key[0]) || key.ContainsAnyExcept(Key)) return false;
        return value.Length is > 0 and <= MaxPart && !value.Contains('=') && !value.ContainsAnyExceptInRange(' ', '~');
    }

    private static string? Shorten(List<string> members)
    {
        for (var i = members.Count - 1; i >= 0 && Length(members) > MaxLength; i--)
        {
            if (members[i].Length > LongMember) members.RemoveAt(i);
        }

        while (Length(members) > MaxLength) members.RemoveAt(members.Count - 1);
        return members.Count == 0 ? null : string.Join(',', members);
    }

    private static int Length(List<string> members) => members.Sum(member => member.Length) + Math.Max(0, members.Count - 1);
}
