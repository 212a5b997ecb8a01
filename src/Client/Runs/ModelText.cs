using System.Globalization;

namespace Podflare;

/// <summary>What a text for a language model is made of.</summary>
/// <param name="Text">Output and the texts of results, in the order of the events.</param>
internal sealed record ModelTextParts(string Text)
{
    public int ExitCode { get; init; }

    /// <summary>Why the run ended, as the exit event says it; null if the code itself ended with the exit code.</summary>
    public string? Reason { get; init; }

    public string? Signal { get; init; }

    public string? ErrorName { get; init; }

    public string? ErrorValue { get; init; }

    public string? Traceback { get; init; }

    public bool StateLost { get; init; }

    public bool ReplRestarted { get; init; }

    /// <summary>Whether the client has dropped output.</summary>
    public bool Truncated { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The number of results that are images.</summary>
    public int Images { get; init; }

    /// <summary>The time limit that applied; null if it is not known.</summary>
    public double? TimeoutSeconds { get; init; }
}

/// <summary>The text of a result for a language model. <c>clients/vectors/for_model.json</c> has the rules and examples, for all clients and for the MCP server.</summary>
internal static class ModelText
{
    private const int MinChars = 256;

    public static string Format(ModelTextParts result, int maxChars)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxChars, MinChars);
        var text = WithTraceback(result);
        var notes = string.Join("; ", Notes(result));
        if (notes.Length == 0) return text.Length == 0 ? "[no output]" : Shorten(text, maxChars);
        var last = $"[{notes}]";
        if (last.Length > maxChars / 2) last = $"{last.AsSpan(0, Boundary(last, maxChars / 2 - 2))}…]";
        if (text.Length == 0) return last;
        text = Shorten(text, maxChars - last.Length - 1);
        return text.EndsWith('\n') ? text + last : $"{text}\n{last}";
    }

    /// <summary>Keeps 40 % of the room for the head and the rest for the tail.</summary>
    public static string Shorten(string text, int room)
    {
        if (text.Length <= room) return text;
        // With the largest number that it can hold, so that the text never gets too long.
        var left = room - Mark(text.Length).Length - 2;
        var headRoom = left * 2 / 5;
        var head = HeadEnd(text, headRoom);
        var tail = TailStart(text, text.Length - (left - headRoom), left - headRoom);
        return $"{text.AsSpan(0, head)}{(text[head - 1] == '\n' ? "" : "\n")}{Mark(tail - head)}\n{text.AsSpan(tail)}";
    }

    private static string WithTraceback(ModelTextParts result)
    {
        var traceback = result.Traceback is { Length: > 0 } given ? given : string.Join(": ", new[] { result.ErrorName, result.ErrorValue }.Where(part => part is { Length: > 0 }));
        // Python's traceback is part of stderr already.
        return traceback.TrimEnd('\n') is not { Length: > 0 } core || result.Text.Contains(core, StringComparison.Ordinal) ? result.Text : LineJoiner.Join([(result.Text, false), (traceback, true)]);
    }

    private static IEnumerable<string> Notes(ModelTextParts result)
    {
        if (End(result) is { } end) yield return end;
        if (result.StateLost) yield return "variables were lost";
        if (result.ReplRestarted) yield return "variables of earlier runs were lost";
        if (result.Truncated) yield return "further output was not kept";
        foreach (var warning in result.Warnings) yield return $"warning: {warning}";
        if (result.Images > 0) yield return result.Images == 1 ? "1 image" : $"{result.Images} images";
    }

    private static string? End(ModelTextParts result) => result.Reason switch
    {
        "timeout" => result.TimeoutSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"timed out after {seconds:G15} s") : "timed out",
        "interrupted" => "interrupted",
        "killed" => "killed",
        "expired" => "killed: the sandbox expired",
        "oom" => "killed: out of memory",
        "crashed" => $"crashed with exit code {result.ExitCode}",
        "lost" => "ended: the sandbox was lost",
        { } other => $"exit code {result.ExitCode}: {other}",
        null when result.Signal is { } signal => $"ended by {signal}",
        null => result.ExitCode == 0 ? null : $"exit code {result.ExitCode}",
    };

    private static string Mark(int omitted) => string.Create(CultureInfo.InvariantCulture, $"[… {omitted:N0} characters omitted …]");

    // Whole lines, unless that would leave more than half of the room unused.
    private static int HeadEnd(string text, int room) => text.AsSpan(room / 2, room - room / 2).LastIndexOf('\n') is >= 0 and var line ? room / 2 + line + 1 : Boundary(text, room);

    private static int TailStart(string text, int at, int room)
    {
        if (text.AsSpan(at - 1, room / 2 + 1).IndexOf('\n') is >= 0 and var line) return at + line;
        return char.IsSurrogatePair(text, at - 1) ? at + 1 : at;
    }

    // Never between the two halves of a character.
    private static int Boundary(string text, int at) => char.IsSurrogatePair(text, at - 1) ? at - 1 : at;
}
