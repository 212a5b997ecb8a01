using System.Text;
using Podflare.Runs;

namespace Podflare.GrainClient;

/// <summary>Collects what a run writes, up to a limit.</summary>
internal sealed class OutputCollector(int maxBytes)
{
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly List<ResultEvent> _results = [];
    // A character may be split between two events of a terminal or of binary output.
    private readonly Decoder _outDecoder = Encoding.UTF8.GetDecoder();
    private readonly Decoder _errDecoder = Encoding.UTF8.GetDecoder();
    private long _bytes;

    /// <exception cref="InvalidOperationException">The run has written more than the limit.</exception>
    public void Add(RunId run, RunEvent e)
    {
        switch (e)
        {
            case StdoutEvent stdout:
                Append(run, _stdout, stdout.Bytes is { } bytes ? Decode(_outDecoder, bytes) : stdout.Data);
                break;
            case StderrEvent stderr:
                Append(run, _stderr, stderr.Bytes is { } errBytes ? Decode(_errDecoder, errBytes) : stderr.Data);
                break;
            case TerminalEvent terminal:
                Append(run, _stdout, Decode(_outDecoder, terminal.Data.Span));
                break;
            case ResultEvent result:
                Count(run, result.Data.Values.Sum(value => (long)value.GetRawText().Length));
                _results.Add(result);
                break;
        }
    }

    public RunResult ToResult(RunId run, ExitEvent exit) => new(run, _stdout.ToString(), _stderr.ToString(), exit) { Results = _results };

    private void Append(RunId run, StringBuilder to, string text)
    {
        Count(run, text.Length);
        to.Append(text);
    }

    private void Count(RunId run, long characters)
    {
        _bytes += characters * sizeof(char);
        if (_bytes > maxBytes) throw new InvalidOperationException($"Run {run} wrote more than {maxBytes} bytes. It continues, and its events can be read.");
    }

    private static string Decode(Decoder decoder, ReadOnlySpan<byte> bytes)
    {
        var characters = new char[decoder.GetCharCount(bytes, flush: false)];
        return new string(characters.AsSpan(0, decoder.GetChars(bytes, characters, flush: false)));
    }
}
