using System.Text;
using System.Text.RegularExpressions;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Engine;

/// <summary>The output of a build: shown line by line, with the last lines and the current step kept for an error.</summary>
/// <param name="what">What is built, for an error.</param>
/// <param name="show">Shows one line; null to keep the log from the screen. Then the error contains the last lines.</param>
internal sealed partial class BuildLog(string what, Action<string>? show)
{
    private const int KeptLines = 20;
    private const int MaxLineLength = 4_096;
    private const int MaxStepLength = 160;
    private const string ErrorColor = "\e[91m";
    private const string NoColor = "\e[0m";

    private readonly Queue<string> _last = new();
    private readonly StringBuilder _line = new();
    private string? _step;
    private string? _output;
    private string? _error;
    private bool _isError;
    private bool _isRewritten;

    /// <summary>Adds output, which may begin and end anywhere in a line.</summary>
    public void Write(string text)
    {
        foreach (var c in text)
        {
            // A progress display overwrites its line again and again; only the last state is a line of the log.
            if (_isRewritten && c != '\n') _line.Clear();
            _isRewritten = c == '\r';
            if (c == '\n') EndLine();
            else if (c != '\r' && _line.Length < MaxLineLength) _line.Append(c);
        }
    }

    /// <summary>The failure of the current step, with the last line that it has written.</summary>
    public CliException Failed(string why)
    {
        EndLine();
        // The builder repeats the whole command.
        var reason = ExitCode().Match(why) is { Success: true } exit ? $"exit code {exit.Groups[1].Value}{((_error ?? _output) is { } last ? $": {last}" : "")}" : why.Trim();
        var message = $"The build of {what} failed{(_step is null ? "" : $" in {_step}")}: {reason}";
        // What was shown need not be repeated.
        return new CliException(show is null && _last.Count > 0 ? $"{message}\n{string.Join('\n', _last)}" : message) { Advice = AdviceFor(why) };
    }

    private void EndLine()
    {
        // The builder colors what a program writes to stderr. The color spans lines, and its end is at the start of the line after them.
        var colored = _line.ToString();
        var isError = (_isError && !colored.StartsWith(NoColor, StringComparison.Ordinal)) || colored.Contains(ErrorColor, StringComparison.Ordinal);
        _isError = isError && colored.LastIndexOf(ErrorColor, StringComparison.Ordinal) >= colored.LastIndexOf(NoColor, StringComparison.Ordinal);
        var line = Control().Replace(Color().Replace(colored, ""), "\uFFFD");
        _line.Clear();
        if (line.Length == 0) return;
        // Output of a program that begins like a line of the builder does no harm.
        if (Step().Match(line) is { Success: true } step) (_step, _output, _error) = (Cut($"step {step.Groups[1].Value}, {Spaces().Replace(step.Groups[2].Value, " ")}"), null, null);
        else if (isError) _error = line;
        else if (!line.StartsWith(" ---> ", StringComparison.Ordinal) && !line.StartsWith("Removing intermediate container ", StringComparison.Ordinal)) _output = line;
        if (_last.Count == KeptLines) _last.Dequeue();
        _last.Enqueue(line);
        show?.Invoke(line);
    }

    private static string Cut(string text) => text.Length <= MaxStepLength ? text : $"{text[..MaxStepLength]}…";

    private string? AdviceFor(string why) =>
        _step?.Contains(", FROM ", StringComparison.OrdinalIgnoreCase) == true || why.Contains("pull access denied", StringComparison.Ordinal)
            ? "The base image is not on this machine and could not be pulled. `docker image ls` lists the images of this machine; --from or FROM names the base."
            : null;

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Color();

    [GeneratedRegex(@"[\p{Cc}-[\t]]")]
    private static partial Regex Control();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();

    [GeneratedRegex("^The command .* returned a non-zero code: ([0-9]+)$", RegexOptions.Singleline)]
    private static partial Regex ExitCode();

    [GeneratedRegex("^Step ([0-9]+/[0-9]+) : (.+)$")]
    private static partial Regex Step();
}
