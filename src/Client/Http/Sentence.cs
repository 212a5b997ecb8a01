namespace Podflare;

internal static class Sentence
{
    /// <summary>Ends a text of another library with a full stop, so that more can follow.</summary>
    public static string End(string text) => text.EndsWith('.') ? text : $"{text}.";
}
