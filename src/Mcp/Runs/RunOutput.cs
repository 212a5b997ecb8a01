using System.Text;
using System.Text.Json;

namespace Podflare.Mcp;

/// <summary>Collects the events of a run for one answer, up to a limit. What does not fit is left for <c>read_run</c>.</summary>
internal sealed class RunOutput(McpSettings settings, long after)
{
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly List<RunValue> _values = [];
    // The output between two values, and the texts of values.
    private readonly List<(StringBuilder Text, bool IsValue)> _pieces = [];
    private int _charactersLeft = settings.MaxKeptCharacters;
    private long _bytesLeft = settings.MaxValueBytes;

    public RunEnd? End { get; private set; }

    /// <summary>The last event that is part of the answer, or that was left out because nobody needs it.</summary>
    public long LastSeq { get; private set; } = after;

    /// <summary>Whether events after <see cref="LastSeq"/> did not fit.</summary>
    public bool IsFull { get; private set; }

    public string Stdout => _stdout.ToString();

    public string Stderr => _stderr.ToString();

    public IReadOnlyList<RunValue> Values => _values;

    /// <summary>Output and the texts of values, in the order of the events.</summary>
    public string Text => LineJoiner.Join(_pieces.Select(piece => (piece.Text.ToString(), piece.IsValue)));

    /// <summary>The last line of the newest output.</summary>
    public string LastLine { get; private set; } = "";

    public void Add(RunEvent e)
    {
        if (e is RunEnd end) End = end;
        if (IsFull) return;
        if (!TryKeep(e)) IsFull = true;
        else LastSeq = e.Seq;
    }

    private bool TryKeep(RunEvent e) => e switch
    {
        RunText text => TryKeep(text),
        RunValue value => TryKeep(value),
        _ => true,
    };

    private bool TryKeep(RunText e)
    {
        var text = e.Text;
        if (text.Length > _charactersLeft)
        {
            // An event that no answer has room for must not keep the reader from what follows.
            if (_charactersLeft < settings.MaxKeptCharacters) return false;
            text = ModelText.Shorten(text, _charactersLeft);
        }

        _charactersLeft -= text.Length;
        (e.IsError ? _stderr : _stdout).Append(text);
        if (_pieces is [.., { IsValue: false } last]) last.Text.Append(text);
        else _pieces.Add((new StringBuilder(text), false));
        if (text.AsSpan().TrimEnd('\n') is { Length: > 0 } line) LastLine = line[(line.LastIndexOf('\n') + 1)..].ToString();
        return true;
    }

    private bool TryKeep(RunValue e)
    {
        var bytes = e.Data.Values.Sum(value => (long)(value.ValueKind is JsonValueKind.String ? value.GetString()!.Length : value.GetRawText().Length));
        if (bytes > _bytesLeft && _bytesLeft < settings.MaxValueBytes) return false;
        _bytesLeft -= bytes;
        _values.Add(e);
        _pieces.Add((new StringBuilder(e.Text), true));
        return true;
    }
}
