using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Podflare.Content;

/// <summary>Makes texts out of the code and output of runs: first secrets are replaced, then what is too long is cut.</summary>
internal sealed class ContentRenderer(IContentFilter filter, IOptions<ContentOptions> options)
{
    private const string Gap = "\n…\n";

    private readonly Regex[] _patterns = [.. options.Value.Patterns.Select(ContentPattern.Parse).OfType<Regex>()];

    /// <param name="patterns">Those of the tenant.</param>
    public ContentSecrets SecretsOf(RunContent content, IEnumerable<string> patterns) => new(content.Env, [.. _patterns, .. patterns.Select(ContentPattern.Parse).OfType<Regex>()]);

    /// <returns>At most <see cref="ContentOptions.MaxBytes"/> in UTF-8, and whether something is missing.</returns>
    public (string Text, bool IsTruncated) Render(TextWindow? window, ContentSecrets secrets)
    {
        if (window is null) return ("", false);
        var (head, tail) = window.Read();
        var room = options.Value.MaxBytes - Encoding.UTF8.GetByteCount(Gap);
        if (window.IsCut)
        {
            var first = filter.Filter(new ContentText(WithoutLastWord(Encoding.UTF8.GetString(head)), IsEndCut: true), secrets);
            var last = filter.Filter(new ContentText(WithoutFirstWord(Encoding.UTF8.GetString(tail)), IsStartCut: true), secrets);
            return (First(first, room / 4) + Gap + Last(last, room - (room / 4)), true);
        }

        var text = filter.Filter(new ContentText(Encoding.UTF8.GetString([.. head, .. tail])), secrets);
        return Encoding.UTF8.GetByteCount(text) <= options.Value.MaxBytes ? (text, false) : (First(text, room / 4) + Gap + Last(text, room - (room / 4)), true);
    }

    // A token that the cut has divided cannot be recognized by what is left of it. What is shown is far from the cut, unless much of it was replaced.
    private static string WithoutLastWord(string text)
    {
        var half = text.Length / 2;
        return text.AsSpan(half).LastIndexOfAny(" \t\r\n") is >= 0 and var at ? text[..(half + at + 1)] : text[..half];
    }

    private static string WithoutFirstWord(string text)
    {
        var half = text.Length / 2;
        return text.AsSpan(0, half).IndexOfAny(" \t\r\n") is >= 0 and var at ? text[at..] : text[half..];
    }

    private static string First(string text, int bytes)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((bytes -= rune.Utf8SequenceLength) < 0) break;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private static string Last(string text, int bytes)
    {
        var at = text.Length;
        while (at > 0)
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(0, at), out var rune, out var length);
            if ((bytes -= rune.Utf8SequenceLength) < 0) break;
            at -= length;
        }

        return text[at..];
    }
}
