using System.Globalization;

namespace Podflare;

/// <summary>Builds the text of a result for a language model.</summary>
internal static class ModelText
{
    private const int MinChars = 256;
    private const double HeadShare = 0.4;

    public static string Format(RunResult result, int maxChars)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxChars, MinChars);
        var text = result.Text;
        // Python's traceback is part of stderr already.
        if (result.Error is { } error && Describe(error) is { Length: > 0 } described && !text.Contains(described.TrimEnd(), StringComparison.Ordinal))
            text = JoinLines(text, described);
        var notes = Shorten(string.Join('\n', Notes(result)), maxChars / 2);
        if (notes.Length == 0) return text.Length == 0 ? "[no output]" : Shorten(text, maxChars);
        return JoinLines(Shorten(text, maxChars - notes.Length - 1), notes);
    }

    private static IEnumerable<string> Notes(RunResult result)
    {
        if (result.Truncated) yield return "[the output was longer than the client keeps; the rest is missing]";
        if (result.Reason is { } reason) yield return $"[exit code {result.ExitCode}: {reason.ToString().ToLowerInvariant()}]";
        else if (!result.Succeeded) yield return $"[exit code {result.ExitCode}]";
        if (result.ReplRestarted) yield return "[the Python process was restarted before this run: earlier variables are gone]";
        if (result.StateLost) yield return "[this run ended the Python process: its variables are gone]";
        foreach (var warning in result.Warnings) yield return $"[warning: {warning}]";
    }

    private static string Describe(RunError error) => error.Traceback ?? string.Join(": ", new[] { error.Name, error.Value }.Where(part => part is { Length: > 0 }));

    private static string JoinLines(string text, string lines) => text.Length == 0 || text.EndsWith('\n') ? text + lines : $"{text}\n{lines}";

    /// <summary>Keeps 40 % of the room for the head and the rest for the tail. Both are cut at line breaks where there are any.</summary>
    private static string Shorten(string text, int room)
    {
        if (text.Length <= room) return text;
        // With the largest number that it can hold, so that the text never gets too long.
        var left = room - Mark(text.Length).Length - 2;
        if (left <= 0) return text[..Boundary(text, room)];
        var head = HeadEnd(text, (int)(left * HeadShare));
        var tail = TailStart(text, text.Length - (left - head));
        var separator = head == 0 || text[head - 1] == '\n' ? "" : "\n";
        return $"{text.AsSpan(0, head)}{separator}{Mark(tail - head)}\n{text.AsSpan(tail)}";
    }

    private static string Mark(int omitted) => string.Create(CultureInfo.InvariantCulture, $"[… {omitted:N0} characters omitted …]");

    private static int HeadEnd(string text, int at) => text.LastIndexOf('\n', Math.Max(0, at - 1)) is >= 0 and var line ? line + 1 : Boundary(text, at);

    private static int TailStart(string text, int at)
    {
        if (text[at - 1] == '\n') return at;
        // A last line that is longer than the room is cut inside.
        if (text.IndexOf('\n', at) is >= 0 and var line && line + 1 < text.Length) return line + 1;
        return char.IsLowSurrogate(text[at]) ? at + 1 : at;
    }

    // Never between the two halves of a character.
    private static int Boundary(string text, int at) => at > 0 && char.IsHighSurrogate(text[at - 1]) ? at - 1 : at;
}
