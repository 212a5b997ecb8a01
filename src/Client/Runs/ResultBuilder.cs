using System.Text;
using System.Text.Json;

namespace Podflare;

/// <summary>Collects the events of a run, up to a limit.</summary>
/// <param name="timeoutSeconds">The time limit that the caller asked for.</param>
internal sealed class ResultBuilder(int maxCharacters, double? timeoutSeconds)
{
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly List<int> _order = [];
    private readonly List<ResultEvent> _results = [];
    private readonly List<int> _places = [];
    // A character may be split between two events of a terminal or of binary output.
    private readonly Decoder _outDecoder = Encoding.UTF8.GetDecoder();
    private readonly Decoder _errDecoder = Encoding.UTF8.GetDecoder();
    private int _left = maxCharacters;
    private bool _truncated;

    public void Add(SandboxEvent e)
    {
        switch (e)
        {
            case StdoutEvent stdout:
                Record(Append(_stdout, stdout.Bytes is { } bytes ? Decode(_outDecoder, bytes) : stdout.Data));
                break;
            case StderrEvent stderr:
                Record(-Append(_stderr, stderr.Bytes is { } errBytes ? Decode(_errDecoder, errBytes) : stderr.Data));
                break;
            case TerminalEvent terminal:
                Record(Append(_stdout, Decode(_outDecoder, terminal.Data.Span)));
                break;
            case ResultEvent result:
                AddResult(result);
                break;
        }
    }

    public RunResult Build(SandboxRun run, ExitEvent exit) => new()
    {
        RunId = run.Id,
        TraceId = run.TraceId,
        Stdout = _stdout.ToString(),
        Stderr = _stderr.ToString(),
        Results = _results,
        Interleaving = new Interleaving(_order, _places),
        ExitCode = exit.Code,
        Reason = exit.Reason,
        ReasonWord = exit.ReasonWord,
        Error = exit.Error,
        Signal = exit.Signal,
        StateLost = exit.StateLost,
        Truncated = _truncated,
        Warnings = run.Warnings,
        ReplRestarted = run.ReplRestarted,
        WasReplayed = run.WasReplayed,
        // What was asked for is not what applied if the server says that it has changed it.
        TimeoutSeconds = run.Warnings.Any(warning => warning.Contains("timeout_seconds", StringComparison.Ordinal)) ? null : timeoutSeconds,
    };

    private void AddResult(ResultEvent result)
    {
        if (_truncated) return;
        var size = result.Data.Values.Sum(value => (long)(value.ValueKind is JsonValueKind.String ? value.GetString()!.Length : value.GetRawText().Length));
        if (size > _left)
        {
            _truncated = true;
            return;
        }

        _left -= (int)size;
        _results.Add(result);
        _places.Add(_stdout.Length + _stderr.Length);
    }

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

    private static string Decode(Decoder decoder, ReadOnlySpan<byte> bytes)
    {
        var characters = new char[decoder.GetCharCount(bytes, flush: false)];
        return new string(characters.AsSpan(0, decoder.GetChars(bytes, characters, flush: false)));
    }

    private void Record(int length)
    {
        if (length == 0) return;
        if (_order.Count > 0 && _order[^1] > 0 == length > 0) _order[^1] += length;
        else _order.Add(length);
    }
}
