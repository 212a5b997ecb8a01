using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Podflare.Pages;

/// <summary>Text that is already HTML. <see cref="Of(ref Builder)"/> escapes every interpolated value that is not HTML itself.</summary>
internal readonly record struct Html(string Text)
{
    public static readonly Html Empty = new("");

    public static Html Of(ref Builder builder) => new(builder.ToString());

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(p => p.Text)));

    public override string ToString() => Text;

    /// <summary>Converts plain text to HTML: empty lines separate paragraphs, line ends become breaks, and https addresses become links. Everything else is escaped.</summary>
    public static Html Paragraphs(string text)
    {
        var paragraphs = text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new Html(string.Concat(paragraphs.Select(p => $"<p>{string.Join("<br>", p.Split('\n').Select(Linked))}</p>")));
    }

    private static string Linked(string line) => string.Join(' ', line.Split(' ').Select(word =>
    {
        var end = word.Length;
        while (end > 0 && ".,;:!?)".Contains(word[end - 1], StringComparison.Ordinal)) end--;
        var isLink = word.StartsWith("https://", StringComparison.Ordinal) && Uri.TryCreate(word[..end], UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0;
        if (!isLink) return WebUtility.HtmlEncode(word);
        var address = WebUtility.HtmlEncode(word[..end]);
        return $"<a href=\"{address}\" rel=\"nofollow noopener\">{address}</a>{WebUtility.HtmlEncode(word[end..])}";
    }));

    [InterpolatedStringHandler]
    internal readonly ref struct Builder(int literalLength, int formattedCount)
    {
        private readonly StringBuilder _text = new(literalLength + (formattedCount * 16));

        public void AppendLiteral(string text) => _text.Append(text);

        public void AppendFormatted(Html html) => _text.Append(html.Text);

        public void AppendFormatted(IEnumerable<Html> parts)
        {
            foreach (var part in parts) _text.Append(part.Text);
        }

        public void AppendFormatted(string? text) => _text.Append(WebUtility.HtmlEncode(text));

        public void AppendFormatted<T>(T value, string? format = null) where T : IFormattable =>
            _text.Append(WebUtility.HtmlEncode(value.ToString(format, CultureInfo.InvariantCulture)));

        public override string ToString() => _text.ToString();
    }
}
