using System.Buffers;

namespace Podflare;

/// <summary>The shape that all our ids share: a prefix and a fixed number of lower-case hex digits.</summary>
internal static class HexId
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    public static bool Is(string s, string prefix, int digits) =>
        s.Length == prefix.Length + digits
        && s.StartsWith(prefix, StringComparison.Ordinal)
        && !s.AsSpan(prefix.Length).ContainsAnyExcept(LowerHex);
}
