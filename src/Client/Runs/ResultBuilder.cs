using System.Text;

namespace Podflare;

/// <summary>Gathers a run's events, up to a limit.</summary>
internal sealed class ResultBuilder(int maxCharacters)
{
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private int _left = maxCharacters;
    private bool _truncated;

    public void Add(SandboxEvent e)
    {
        if (e is StdoutEvent stdout) Add(_stdout, stdout.Data);
        else if (e is StderrEvent stderr) Add(_stderr, stderr.Data);
    }

    public RunResult Build(SandboxRun run, ExitEvent exit) => new()
    {
        RunId = run.Id,
        TraceId = run.TraceId,
        Stdout = _stdout.ToString(),
        Stderr = _stderr.ToString(),
        ExitCode = exit.Code,
        Reason = exit.Reason,
        Error = exit.Error,
        Truncated = _truncated,
    };

    private void Add(StringBuilder to, string text)
    {
        // Once something is missing, what follows would hide the hole.
        if (_truncated) return;
        var length = Math.Min(text.Length, _left);
        if (length < text.Length)
        {
            _truncated = true;
            if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        }

        to.Append(text.AsSpan(0, length));
        _left -= length;
    }
}
