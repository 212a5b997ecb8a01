using System.Text;
using Podflare.EndToEnd.Api;

namespace Podflare.Faults.Chaos;

/// <summary>Compares what came with what the program has written, and its end with how it must end.</summary>
internal static class Verdict
{
    /// <param name="excuse">An ending that is right as well, because the driver has killed what ran; the output may then stop anywhere.</param>
    /// <param name="kept">What the REPL must have kept from the run before; null where that is not known.</param>
    /// <param name="mayBeLate">The output may stop anywhere, because the end was due before the program could begin.</param>
    public static void Check(Audit audit, Script script, Transcript transcript, (int Code, string Reason)? excuse, string? kept, bool mayBeLate = false)
    {
        var name = transcript.Name;
        if (transcript.Exit is not { } exit) return;
        audit.OnRun(exit.Reason is null ? exit.Code is > 0 and not 1 ? "its own code" : $"{exit.Code}" : exit.Reason == "crashed" ? "crashed" : $"{exit.Code} {exit.Reason}");
        var wanted = script.Ending;
        var excused = excuse is { } other && (exit.Code, exit.Reason) == (other.Code, other.Reason);
        var error = exit.Json.TryGetProperty("error", out var thrown) ? thrown.GetProperty("name").GetString() : null;
        if (!excused && (exit.Code, exit.Reason, error) != (wanted.Code, wanted.Reason, wanted.Error))
            audit.Fail($"{name}: ended {exit.Code} {exit.Reason} {error}, must be {wanted.Code} {wanted.Reason} {wanted.Error}{(excuse is null ? "" : $" or {excuse}")}");

        var isCut = script.IsCut || excused || mayBeLate;
        var stdout = string.Concat(transcript.Events.Where(e => e.Type == "stdout").Select(e => e.Text));
        var stderr = string.Concat(transcript.Events.Where(e => e.Type == "stderr").Select(e => e.Text));
        if (!script.Bash) stdout = CheckHeader(audit, script, name, stdout, isCut, kept);
        Compare(audit, $"{name} stdout", script.Output(stderr: false), stdout, isCut, mayGoOn: false);

        // A traceback follows what an uncaught exception's program has written, an interrupted one's included.
        var raises = wanted.Error is not null || script.End is ScriptEnd.Interrupt or ScriptEnd.Timeout;
        Compare(audit, $"{name} stderr", script.Output(stderr: true), stderr, isCut, mayGoOn: raises);
        if (!script.Bash && !script.InChild) CheckOrder(audit, script, transcript);
    }

    private static string CheckHeader(Audit audit, Script script, string name, string stdout, bool isCut, string? kept)
    {
        var end = stdout.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0)
        {
            if (!isCut) audit.Fail($"{name}: without its first line");
            return "";
        }

        var header = stdout[..end].Split(' ');
        if (header is not ["H", var tag, var was] || tag != script.Tag) audit.Fail($"{name}: first line is {stdout[..Math.Min(end, 80)]}");
        else if (kept is not null && was != kept) audit.Fail($"{name}: the REPL had kept {was}, must be {kept}");
        return stdout[(end + 1)..];
    }

    private static void Compare(Audit audit, string what, string wanted, string got, bool isCut, bool mayGoOn)
    {
        if (got == wanted || (isCut && wanted.StartsWith(got, StringComparison.Ordinal)) || (mayGoOn && got.StartsWith(wanted, StringComparison.Ordinal))) return;
        if (isCut && mayGoOn && got.IndexOf("Traceback", StringComparison.Ordinal) is var at and >= 0 && wanted.StartsWith(got[..at], StringComparison.Ordinal)) return;
        var same = wanted.Zip(got).TakeWhile(pair => pair.First == pair.Second).Count();
        audit.Fail($"{what}: {got.Length} characters, must be {wanted.Length}; differs at {same}: '{Near(got, same)}', must be '{Near(wanted, same)}'");
    }

    // A cut may fall into a character of two code units, which no file can hold.
    private static string Near(string text, int at) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text[Math.Max(0, at - 20)..Math.Min(text.Length, at + 40)])).ReplaceLineEndings("\\n");

    // One thread's lines keep their order over stdout and stderr.
    private static void CheckOrder(Audit audit, Script script, Transcript transcript)
    {
        var last = 0;
        var begins = new Dictionary<string, bool> { ["stdout"] = true, ["stderr"] = true };
        foreach (var e in transcript.Events)
        {
            if (e.Type == "exit") continue;
            var starts = begins[e.Type];
            begins[e.Type] = e.Text!.EndsWith('\n');
            if (!starts || !e.Text.StartsWith(script.Tag, StringComparison.Ordinal)) continue;
            if (!int.TryParse(e.Text.Split(' ', 3).ElementAtOrDefault(1), out var n)) continue;
            if (n != last + 1) audit.Fail($"{transcript.Name}: line {n} after {last}");
            last = n;
        }
    }
}
