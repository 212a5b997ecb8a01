using System.Text;

namespace Podflare;

/// <summary>Collects the events of a run, up to a limit.</summary>
internal sealed class ResultBuilder(int maxCharacters)
{
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly List<int> _order = [];
    private int _left = maxCharacters;
    private bool _truncated;

    public void Add(SandboxEvent e)
    {
        if (e is StdoutEvent stdout) Record(Append(_stdout, stdout.Data));
        else if (e is StderrEvent stderr) Record(-Append(_stderr, stderr.Data));
    }

    public RunResult Build(SandboxRun run, ExitEvent exit) => new()
    {
        RunId = run.Id,
        TraceId = run.TraceId,
        Stdout = _stdout.ToString(),
        Stderr = _stderr.ToString(),
        Interleaving = new Interleaving(_order),
        ExitCode = exit.Code,
        Reason = exit.Reason,
        Error = exit.Error,
        StateLost = exit.StateLost,
        Truncated = _truncated,
        Warnings = run.Warnings,
        ReplRestarted = run.ReplRestarted,
        WasReplayed = run.WasReplayed,
    };

    private int Append(StringBuilder to, string text)
    {
        // Once something is missing, later output would hide the gap.
        if (_truncated) return 0;
        var length = Math.Min(text.Length, _left);
        if (length < text.Length)
        {
            _truncated = true;
            if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        }

        to.Append(text.AsSpan(0, length));
        _left -= length;
        return length;
    }

    private void Record(int length)
    {
        if (length == 0) return;
        if (_order.Count > 0 && _order[^1] > 0 == length > 0) _order[^1] += length;
        else _order.Add(length);
    }
}
