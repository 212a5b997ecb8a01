using System.Globalization;

namespace Podflare;

/// <summary>The text of a result for a language model. <c>clients/vectors/for_model.json</c> has the rules and examples, for all clients.</summary>
internal static class ModelText
{
    private const int MinChars = 256;

    public static string Format(RunResult result, int maxChars)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxChars, MinChars);
        var text = WithTraceback(result.Text, result.Error);
        var notes = string.Join("; ", Notes(result));
        if (notes.Length == 0) return text.Length == 0 ? "[no output]" : Shorten(text, maxChars);
        var last = $"[{notes}]";
        if (last.Length > maxChars / 2) last = $"{last.AsSpan(0, Boundary(last, maxChars / 2 - 2))}…]";
        if (text.Length == 0) return last;
        text = Shorten(text, maxChars - last.Length - 1);
        return text.EndsWith('\n') ? text + last : $"{text}\n{last}";
    }

    private static string WithTraceback(string text, RunError? error)
    {
        if (error is null) return text;
        var traceback = error.Traceback is { Length: > 0 } given ? given : string.Join(": ", new[] { error.Name, error.Value }.Where(part => part is { Length: > 0 }));
        // Python's traceback is part of stderr already.
        return traceback.TrimEnd('\n') is not { Length: > 0 } core || text.Contains(core, StringComparison.Ordinal) ? text : LineJoiner.Join([(text, false), (traceback, true)]);
    }

    private static IEnumerable<string> Notes(RunResult result)
    {
        if (End(result) is { } end) yield return end;
        if (result.StateLost) yield return "variables were lost";
        if (result.ReplRestarted) yield return "variables of earlier runs were lost";
        if (result.Truncated) yield return "further output was not kept";
        foreach (var warning in result.Warnings) yield return $"warning: {warning}";
        if (result.Results.Count(one => one.Data.Keys.Any(mime => mime.StartsWith("image/", StringComparison.Ordinal))) is > 0 and var images)
            yield return images == 1 ? "1 image" : $"{images} images";
    }

    private static string? End(RunResult result) => result.Reason switch
    {
        ExitReason.Timeout => result.TimeoutSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"timed out after {seconds:G15} s") : "timed out",
        ExitReason.Interrupted => "interrupted",
        ExitReason.Killed => "killed",
        ExitReason.Expired => "killed: the sandbox expired",
        ExitReason.Oom => "killed: out of memory",
        ExitReason.Crashed => $"crashed with exit code {result.ExitCode}",
        ExitReason.Lost => "ended: the sandbox was lost",
        ExitReason.Unknown => $"exit code {result.ExitCode}: {result.ReasonWord ?? "unknown"}",
        _ when result.Signal is { } signal => $"ended by {signal}",
        _ => result.ExitCode == 0 ? null : $"exit code {result.ExitCode}",
    };

    /// <summary>Keeps 40 % of the room for the head and the rest for the tail.</summary>
    private static string Shorten(string text, int room)
    {
        if (text.Length <= room) return text;
        // With the largest number that it can hold, so that the text never gets too long.
        var left = room - Mark(text.Length).Length - 2;
        var headRoom = left * 2 / 5;
        var head = HeadEnd(text, headRoom);
        var tail = TailStart(text, text.Length - (left - headRoom), left - headRoom);
        return $"{text.AsSpan(0, head)}{(text[head - 1] == '\n' ? "" : "\n")}{Mark(tail - head)}\n{text.AsSpan(tail)}";
    }

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
