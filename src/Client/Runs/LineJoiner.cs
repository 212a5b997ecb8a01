using System.Text;

namespace Podflare;

internal static class LineJoiner
{
    /// <summary>Joins texts. Those that are alone begin and end a line.</summary>
    public static string Join(IEnumerable<(string Text, bool IsAlone)> pieces)
    {
        var joined = new StringBuilder();
        var needsLine = false;
        foreach (var (text, isAlone) in pieces)
        {
            if (text.Length == 0) continue;
            if (joined.Length > 0 && (isAlone || needsLine) && joined[^1] != '\n') joined.Append('\n');
            joined.Append(text);
            needsLine = isAlone;
        }

        return joined.ToString();
    }
}
