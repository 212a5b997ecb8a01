using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Streaming;

namespace Podflare.Scripted;

/// <summary>
/// A run whose code, command or arguments are a script for this peer, one word and its argument a line: <c>out</c>, <c>err</c> and <c>raw</c> (no
/// newline) write, <c>pty</c> writes to the terminal, <c>event</c> is a whole event but for its numbers, <c>hold</c> waits for a gate, <c>wait n</c>
/// for n ms, <c>break</c> makes its readers fail, <c>exit n</c> ends it, <c>echo</c> shows its standard input on the terminal up to the end.
/// </summary>
public sealed class ScriptedRun(World world, RunId id, RunRequest request)
{
    private const int PageLines = 3;
    public const long Time = 1776510028036;
    private readonly List<string> _lines = [];
    private long _oldest = 1;
    private bool _broken;
    private int? _code;

    public RunId Id { get; } = id;

    public RunRequest Request { get; } = request;

    internal int Interrupts;

    /// <summary>What has arrived of standard input, and where it goes.</summary>
    public ScriptedStdin Stdin { get; } = new(request.Stdin);

    /// <summary>Signals with their scope, and new sizes, in the order in which they came.</summary>
    public ConcurrentQueue<string> Controls { get; } = new();

    /// <summary>What it says of its open calls.</summary>
    public IReadOnlyList<string>? OpenToolCalls { get; set; }

    /// <summary>Answers to calls of tools, by the id of the call.</summary>
    public ConcurrentDictionary<string, ToolAnswer> ToolAnswers { get; } = new();

    /// <summary><c>call_1</c> to <c>call_9</c> are open, <c>call_closed</c> is closed, and there is no other.</summary>
    public ToolAnswerOutcome Answer(ToolAnswer answer)
    {
        if (Ended || answer.CallId == "call_closed") return ToolAnswerOutcome.Closed;
        if (answer.CallId.Length != 6) return ToolAnswerOutcome.NotFound;
        ToolAnswers.TryAdd(answer.CallId, answer);
        return ToolAnswerOutcome.Accepted;
    }

    /// <summary>Ends it from outside, as a signal does.</summary>
    /// <param name="reason">Null for none.</param>
    public void Kill(string? reason = null)
    {
        lock (_lines) if (_code is null) End(137, reason);
    }

    public bool Ended
    {
        get
        {
            lock (_lines) return _code is not null;
        }
    }

    public static string[] Words(RunRequest request) =>
        request.Process is { Argv.Length: > 0 } process ? [.. process.Argv.Skip(1)] : Encoding.UTF8.GetString(request.Code).Split('\n');

    public async Task PlayAsync()
    {
        foreach (var line in Words(Request))
        {
            var (word, argument) = line.Split(' ', 2) is [var first, var rest] ? (first, rest) : (line, "");
            if (word == "hold") await world.Gate(argument).Task;
            if (word == "echo") await EchoAsync();
            if (word == "wait") await Task.Delay(TimeSpan.FromMilliseconds(int.Parse(argument, null)), TimeProvider.System);
            lock (_lines) if (_code is null) Do(word, argument);
        }

        lock (_lines) if (_code is null) End(0);
    }

    /// <summary>Forgets the first events.</summary>
    public void Evict(int count)
    {
        lock (_lines) _oldest = count + 1;
    }

    private async Task EchoAsync()
    {
        await foreach (var bytes in Stdin.ReadAllAsync())
        {
            lock (_lines) if (_code is null) Do("pty", Encoding.Latin1.GetString(bytes));
        }
    }

    private void Do(string word, string argument)
    {
        switch (word)
        {
            case "out": Write("stdout", argument + "\n"); break;
            case "raw": Write("stdout", argument); break;
            case "err": Write("stderr", argument + "\n"); break;
            case "pty": Write("pty", Convert.ToBase64String(Encoding.Latin1.GetBytes(argument))); break;
            case "event":
                _lines.Add($"{argument.Replace("@", $"\"seq\":{_lines.Count + 1},\"ts\":{Time}", StringComparison.Ordinal)}\n");
                if (argument.StartsWith("{\"type\":\"exit\"", StringComparison.Ordinal)) _code = JsonDocument.Parse(_lines[^1]).RootElement.GetProperty("data").GetInt32();
                break;
            case "exit": End(int.Parse(argument, null)); break;
            case "break": _broken = true; break;
        }
    }

    private void Write(string type, string data) => _lines.Add($"{{\"type\":\"{type}\",\"data\":{JsonSerializer.Serialize(data)},\"seq\":{_lines.Count + 1},\"ts\":{Time}}}\n");

    private void End(int code, string? reason = null)
    {
        _code = code;
        _lines.Add($"{{\"type\":\"exit\",\"data\":{code},\"seq\":{_lines.Count + 1},\"ts\":{Time}{(reason is null ? "" : $",\"reason\":\"{reason}\"")}}}\n");
    }

    /// <summary>All that was sent, as a reader from the start gets it.</summary>
    public string Output
    {
        get
        {
            lock (_lines) return string.Concat(_lines);
        }
    }

    public EventBatch? Read(long after)
    {
        lock (_lines)
        {
            if (_broken) throw new InvalidOperationException("scripted");
            if (_code is not null) after = Math.Min(after, _lines.Count - 1);
            if (after + 1 < _oldest) throw new EventsEvictedException(_oldest);
            var page = _lines.Skip((int)after).Take(PageLines).ToArray();
            if (page.Length == 0) return null;
            int end = 0;
            return new EventBatch(
                after + 1, Encoding.ASCII.GetBytes(string.Concat(page)), [.. page.Select(line => end += line.Length)], _code is not null && after + page.Length == _lines.Count);
        }
    }

    /// <summary>A trace without spans.</summary>
    public RunTraceData Trace => new("{\"resourceSpans\":[]}"u8.ToArray(), Info.State is not RunState.Ended);

    public RunInfo Info
    {
        get
        {
            lock (_lines)
            {
                var at = DateTimeOffset.FromUnixTimeMilliseconds(Time);
                return new RunInfo(
                    Id, _code is null ? RunState.Running : RunState.Ended, Request.Language, Request.Timeout, at, at, _code is null ? null : at, _code,
                    _code == 124 ? ExitReason.Timeout : null, _lines.Count >= _oldest ? _oldest : null, _lines.Count, false)
                {
                    LogBytes = _lines.Skip((int)_oldest - 1).Sum(line => line.Length),
                    Kind = Request.Kind,
                    Context = Request.Kind == RunKind.Code ? Request.Context ?? "python" : null,
                    Tag = Request.Tag,
                    OpenToolCalls = OpenToolCalls,
                    IsTerminal = Request.Process?.Terminal is not null,
                    ExecutionCount = Request.Kind == RunKind.Code ? 1 : null,
                    Usage = _code is null ? null : new ResourceUsage(500_250, 0, 104_857_600, 7, null, 0),
                    StdinOffset = Request.Stdin ? Stdin.Offset : null,
                    Pid = Request.Kind == RunKind.Process && _code is null ? 7 : null,
                    Argv = _code is null && Request.Process is { } process ? process.Argv : [],
                    Cwd = _code is null && Request.Process is not null ? Request.Process.Cwd ?? "/root" : null,
                };
            }
        }
    }
}
