using System.Buffers;

namespace Podflare.EgressProxy.Names;

/// <summary>Names of hosts in the form in which they are compared: lower-case ASCII without a dot at the end.</summary>
internal static class HostName
{
    private const int MaxLength = 253;
    private const int MaxLabel = 63;
    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Normalizes a name.</summary>
    /// <returns>Null for everything that is not a host name of at least two labels. IP addresses in any notation are not.</returns>
    public static string? Normalize(ReadOnlySpan<char> text)
    {
        if (text is [.., '.']) text = text[..^1];
        if (text.Length is 0 or > MaxLength) return null;
        Span<char> lower = stackalloc char[text.Length];
        text.ToLowerInvariant(lower);
        var labels = 0;
        scoped ReadOnlySpan<char> last = default;
        foreach (var range in ((ReadOnlySpan<char>)lower).Split('.'))
        {
            last = lower[range];
            if (last.Length is 0 or > MaxLabel || last[0] == '-' || last[^1] == '-' || last.ContainsAnyExcept(LabelCharacters)) return null;
            labels++;
        }

        // Resolvers read a name that ends in a number as an IPv4 address: 127.1, 0x7f.0.0.1.
        return labels < 2 || char.IsAsciiDigit(last[0]) ? null : new string(lower);
    }
}
