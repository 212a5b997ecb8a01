using System.Text;
using System.Text.RegularExpressions;

namespace Podflare.Content;

/// <summary>
/// Replaces bearer tokens, Podflare's own keys, blocks with private keys, the values of environment variables, and what patterns match. All is looked for in the
/// original text, so that no replacement hides a part of another secret.
/// </summary>
internal sealed class ContentFilter : IContentFilter
{
    public const string Replacement = "[redacted]";

    /// <summary>Values of environment variables up to this length are in too many texts by chance.</summary>
    public const int MaxHarmlessValue = 5;

    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    // A block without an end is replaced up to the end of the text.
    private static readonly Regex[] Known =
    [
        new(@"[Bb][Ee][Aa][Rr][Ee][Rr]\s+[A-Za-z0-9\-._~+/=]{6,}", Linear),
        new(@"pf_live_[A-Za-z0-9_\-]*", Linear),
        new(@"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----", Linear),
    ];

    private static readonly Regex KeyEnd = new(@"-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----", Linear);

    public string Filter(ContentText text, ContentSecrets secrets)
    {
        var (value, found) = (text.Value, new List<(int Start, int End)>());
        foreach (Match match in Known[0].Matches(value)) found.Add((match.Index, match.Index + match.Length));
        foreach (Match match in Known[1].Matches(value)) found.Add((match.Index, match.Index + match.Length));
        AddKeys(text, found);
        foreach (var secret in secrets.Values)
            if (secret.Length > MaxHarmlessValue) AddValue(text, secret, found);
        foreach (var pattern in secrets.Patterns)
            foreach (Match match in pattern.Matches(value)) found.Add((match.Index, match.Index + match.Length));
        return Replace(value, found);
    }

    private static void AddKeys(ContentText text, List<(int Start, int End)> found)
    {
        var from = 0;
        foreach (Match begin in Known[2].Matches(text.Value))
        {
            if (begin.Index < from) continue;
            var end = KeyEnd.Match(text.Value, begin.Index + begin.Length);
            from = end.Success ? end.Index + end.Length : text.Value.Length;
            found.Add((begin.Index, from));
        }

        // The beginning of the block is in the part that is missing.
        if (text.IsStartCut && KeyEnd.Match(text.Value) is { Success: true } orphan && !found.Exists(range => range.Start < orphan.Index && range.End >= orphan.Index + orphan.Length))
            found.Add((0, orphan.Index + orphan.Length));
    }

    private static void AddValue(ContentText text, string secret, List<(int Start, int End)> found)
    {
        var value = text.Value;
        for (var at = value.IndexOf(secret, StringComparison.Ordinal); at >= 0; at = value.IndexOf(secret, at + 1, StringComparison.Ordinal)) found.Add((at, at + secret.Length));
        // A value that the cut has divided is known by the part that is here.
        for (var length = Math.Min(secret.Length - 1, value.Length); length > 0; length--)
        {
            if (text.IsEndCut && value.AsSpan(value.Length - length).SequenceEqual(secret.AsSpan(0, length)))
            {
                found.Add((value.Length - length, value.Length));
                break;
            }
        }

        for (var length = Math.Min(secret.Length - 1, value.Length); length > 0; length--)
        {
            if (text.IsStartCut && value.AsSpan(0, length).SequenceEqual(secret.AsSpan(secret.Length - length)))
            {
                found.Add((0, length));
                break;
            }
        }
    }

    private static string Replace(string value, List<(int Start, int End)> found)
    {
        if (found.Count == 0) return value;
        found.Sort();
        var result = new StringBuilder(value.Length);
        var at = 0;
        for (var i = 0; i < found.Count;)
        {
            var (start, end) = found[i++];
            while (i < found.Count && found[i].Start <= end) end = Math.Max(end, found[i++].End);
            if (end == start) continue;
            result.Append(value, at, start - at).Append(Replacement);
            at = end;
        }

        return result.Append(value, at, value.Length - at).ToString();
    }
}
