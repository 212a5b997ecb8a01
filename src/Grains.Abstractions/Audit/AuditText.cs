namespace Podflare.Audit;

/// <summary>Text of a caller on its way into the audit log.</summary>
internal static class AuditText
{
    /// <summary>Cuts the text, and replaces control characters and halves of surrogate pairs, which JSON readers treat differently.</summary>
    public static string? Clean(string? text, int maxLength)
    {
        if (text is null) return null;
        var length = Math.Min(text.Length, maxLength);
        if (length < text.Length && char.IsHighSurrogate(text[length - 1])) length--;
        return string.Create(length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var isPair = char.IsHighSurrogate(source[i]) && i + 1 < span.Length && char.IsLowSurrogate(source[i + 1]);
                if (isPair) (span[i], span[i + 1]) = (source[i], source[++i]);
                else span[i] = char.IsSurrogate(source[i]) ? '\uFFFD' : char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
