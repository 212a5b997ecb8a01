using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Podflare.Containers;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Guests;

/// <summary>
/// Decodes a guest's frames to events. One per connection: it remembers the last run id, which most frames repeat. User code
/// may have taken over the guest, so times and texts beyond their limits are replaced, and whatever else is wrong breaks the protocol.
/// </summary>
internal sealed class FrameDecoder(SandboxId sandbox, TimeProvider time)
{
    private const int RunBytes = 16;
    private const byte TerminalStream = 3;
    private const int MaxOutputBytes = 65_536;

    // A guest holds 64 open runs at most, and for a moment those whose end was not acknowledged.
    private const int MaxHelloRuns = 128;

    // The guest's own limits are a quarter of these or less.
    private const int MaxErrorName = 4 * 1024;
    private const int MaxErrorValue = 64 * 1024;
    private const int MaxTraceback = 256 * 1024;
    private const int MaxSignal = 16;

    private const long DayMs = 24 * 60 * 60 * 1000L;

    // The longest timeout of a run is 7 days.
    private const long LongestRunMs = 8 * DayMs;

    private static readonly KeyValuePair<string, object?> TimeField = new("field", "time");
    private static readonly KeyValuePair<string, object?> ErrorField = new("field", "error");

    private int _version = GuestVersion.First;
    private UInt128 _lastRunBytes;
    private RunId? _lastRun;
    private RunId? _background;

    private RunId Background => _background ??= RunId.ForBackground(sandbox);

    /// <exception cref="GuestProtocolException">It is not a valid <c>HELLO</c>.</exception>
    public GuestHello Hello(in Frame frame)
    {
        var hello = FrameJson.Read(frame, GuestJson.Default.HelloPayload);
        if (hello.Version != 1) throw new GuestProtocolException("a HELLO of another version");
        if (hello is not { Boot: { Length: 32 } boot, First: > 0, Repl: >= 0 } || !boot.All(char.IsAsciiHexDigitLower))
            throw new GuestProtocolException("a HELLO without boot, first or repl");
        if (hello.Runs is { Length: > MaxHelloRuns }) throw new GuestProtocolException($"a HELLO with more than {MaxHelloRuns} runs");
        _version = GuestVersion.Choose(hello.MaxVersion);
        return new GuestHello(_version, boot, hello.First.Value, hello.Repl.Value, [.. (hello.Runs ?? []).Select(HelloRun)])
        {
            Isolation = hello.Isolation,
            HasRelay = hello.Relay is true,
            Bytecode = hello.Bytecode is { Tag: { } tag, Magic: { } magic, Files: { } files } ? new GuestBytecode(tag, magic, files) : null,
        };
    }

    /// <returns>The number of the REPL that answers; null when it is that of another context than the one that every sandbox has.</returns>
    public static int? Ready(in Frame frame)
    {
        var ready = FrameJson.Read(frame, GuestJson.Default.ReadyPayload);
        if (ready.Repl is not > 0) throw new GuestProtocolException("a READY without repl");
        return ready.Context is null ? ready.Repl : null;
    }

    public GuestRunStarted Started(in Frame frame)
    {
        if (frame.Header.Length != RunBytes) throw new GuestProtocolException("a STARTED that names no run");
        return new GuestRunStarted(Run(frame.Payload), DateTimeOffset.FromUnixTimeMilliseconds(Near(frame.Header.Time)));
    }

    public GuestOutput Output(in Frame frame)
    {
        var length = frame.Header.Length - RunBytes - 1;
        if (length is < 1 or > MaxOutputBytes) throw new GuestProtocolException("an OUT of no byte, or of more than 65,536");
        var stream = frame.Payload.Slice(RunBytes, 1).FirstSpan[0];
        if (stream is not (1 or 2) && (stream != TerminalStream || _version < GuestVersion.AllKinds)) throw new GuestProtocolException("an OUT of an unknown stream");
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        frame.Payload.Slice(RunBytes + 1).CopyTo(bytes);
        return new GuestOutput(frame.Header.Number, Run(frame.Payload), Near(frame.Header.Time), IsError: stream == 2, bytes) { IsTerminal = stream == TerminalStream };
    }

    /// <summary>An <c>EVENT</c>. What it says is checked when it is rendered, because the interpreter of the user has made it.</summary>
    public GuestFrame Event(in Frame frame)
    {
        if (_version < GuestVersion.AllKinds || frame.Header.Length <= RunBytes) throw new GuestProtocolException("an EVENT that names no run, or that nobody asked for");
        var (number, run, at) = (frame.Header.Number, Run(frame.Payload), Near(frame.Header.Time));
        var kind = frame.Payload.Slice(RunBytes, 1).FirstSpan[0];
        var body = frame.Payload.Slice(RunBytes + 1).ToArray();
        return kind switch
        {
            1 => new GuestResult(number, run, at, body),
            2 when body.Length > 0 => new GuestInputRequest(number, run, at, (body[0] & 1) != 0, body.AsMemory(1)),
            3 when body.Length == sizeof(uint) => new GuestProcessStarted(number, run, at, BinaryPrimitives.ReadUInt32BigEndian(body)),
            4 => new GuestFileChanged(number, run, at, body),
            5 when _version >= GuestVersion.Tools && body.Length > sizeof(uint) => new GuestToolRequest(number, run, at, BinaryPrimitives.ReadUInt32BigEndian(body), body.AsMemory(sizeof(uint))),
            6 when _version >= GuestVersion.Tools && body.Length > sizeof(uint) => new GuestToolResponse(number, run, at, BinaryPrimitives.ReadUInt32BigEndian(body), body.AsMemory(sizeof(uint))),
            _ => throw new GuestProtocolException("an EVENT of an unknown kind, or without a body"),
        };
    }

    /// <summary>A <c>LATE</c>: output of a run that has ended.</summary>
    public GuestFrame Late(in Frame frame)
    {
        var length = frame.Header.Length - RunBytes - 1;
        if (_version < GuestVersion.AllKinds || length is < 1 or > MaxOutputBytes) throw new GuestProtocolException("a LATE of no byte, of more than 65,536, or that nobody asked for");
        var stream = frame.Payload.Slice(RunBytes, 1).FirstSpan[0];
        var bytes = frame.Payload.Slice(RunBytes + 1).ToArray();
        var (number, at) = (frame.Header.Number, Near(frame.Header.Time));
        return stream switch
        {
            0 when length == sizeof(ulong) => new GuestOutputDropped(number, Background, at, BinaryPrimitives.ReadUInt64BigEndian(bytes)),
            1 or 2 => new GuestLateOutput(number, Background, at, Origin(frame.Payload), stream == 2, bytes),
            _ => throw new GuestProtocolException("a LATE of an unknown stream"),
        };
    }

    /// <param name="unknownReason">Set when the guest gives a reason that this version does not know.</param>
    public GuestRunEnded End(in Frame frame, out string? unknownReason)
    {
        unknownReason = null;
        if (frame.Header.Length < RunBytes) throw new GuestProtocolException("an END that names no run");
        var end = FrameJson.Read(frame with { Payload = frame.Payload.Slice(RunBytes) }, GuestJson.Default.EndPayload);
        if (end.Code is not { } code) throw new GuestProtocolException("an END without code");
        var reason = Reason(end.Reason);
        if (end.Reason is not null && reason is null) unknownReason = end.Reason;
        var error = end.Error is { } e ? new RunError(Cut(e.Name, MaxErrorName), Cut(e.Value, MaxErrorValue), Cut(e.Traceback, MaxTraceback)) : null;
        return new GuestRunEnded(
            frame.Header.Number, Run(frame.Payload), Near(frame.Header.Time), code, reason, error, Started(end.Started), end.ReplRestarted ?? false)
        {
            Signal = IsSignal(end.Signal) ? end.Signal : null,
            StateLost = end.StateLost ?? false,
            Execution = end.Execution is > 0 ? end.Execution : null,
            Usage = end.Usage is { } usage ? Usage(usage) : null,
        };
    }

    private GuestRun HelloRun(HelloRunPayload? run) =>
        run is { State: { } state } && RunId.TryParse(run.Run, null, out var id)
            ? new GuestRun(id, AnswerDecoder.State(state), Started(run.Started), run.Acknowledged ?? 0)
            {
                Process = run.Pid is > 0 ? new GuestProcess(run.Pid.Value, [.. run.Argv ?? []], run.Cwd) : null,
                StdinOffset = run.Stdin is >= 0 ? run.Stdin : null,
                Execution = run.Execution is > 0 ? run.Execution : null,
                OpenToolCalls = run.OpenToolCalls is { } calls ? [.. calls.Select(ToolCallId.NumberOf).OfType<uint>()] : default,
            }
            : throw new GuestProtocolException("a HELLO with a run without id or state");

    private static ResourceUsage Usage(UsagePayload usage) => new(
        Within(usage.CpuUs, ResourceLimit.Microseconds), Within(usage.ThrottledUs, ResourceLimit.Microseconds), Within(usage.MemoryPeak, ResourceLimit.Bytes),
        (int?)Within(usage.ProcessesPeak, ResourceLimit.Count), Within(usage.Disk, ResourceLimit.Bytes), (int?)Within(usage.OomKills, ResourceLimit.Count));

    private static long? Within(long? value, long limit) => value >= 0 && value <= limit ? value : null;

    private static ExitReason? Reason(string? reason) => reason switch
    {
        "timeout" => ExitReason.Timeout,
        "interrupted" => ExitReason.Interrupted,
        "killed" => ExitReason.Killed,
        "expired" => ExitReason.Expired,
        "oom" => ExitReason.Oom,
        "crashed" => ExitReason.Crashed,
        _ => null,
    };

    /// <summary>A time that is more than a day from now becomes the time of arrival.</summary>
    private long Near(long ms)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (ms >= now - DayMs && ms <= now + DayMs) return ms;
        Instruments.GuestFieldsReplaced.Add(1, TimeField);
        return now;
    }

    /// <summary>When a run started; null where the guest gives no time, or one at which no run can have started.</summary>
    private DateTimeOffset? Started(long? ms)
    {
        if (ms is not { } started) return null;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (started >= now - LongestRunMs && started <= now + DayMs) return DateTimeOffset.FromUnixTimeMilliseconds(started);
        Instruments.GuestFieldsReplaced.Add(1, TimeField);
        return null;
    }

    private static bool IsSignal(string? name) => name is { Length: > 3 and <= MaxSignal } && name.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c is '+' or '-');

    private static string? Cut(string? text, int limit)
    {
        if (text is null || text.Length <= limit) return text;
        Instruments.GuestFieldsReplaced.Add(1, ErrorField);
        return text[..limit];
    }

    private RunId? Origin(ReadOnlySequence<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[RunBytes];
        payload.Slice(0, RunBytes).CopyTo(bytes);
        return bytes.ContainsAnyExcept((byte)0) ? RunId.FromBytes(bytes) : null;
    }

    private RunId Run(ReadOnlySequence<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[RunBytes];
        payload.Slice(0, RunBytes).CopyTo(bytes);
        var key = MemoryMarshal.Read<UInt128>(bytes);
        if (_lastRun is { } last && key == _lastRunBytes) return last;
        _lastRunBytes = key;
        _lastRun = RunId.FromBytes(bytes);
        return _lastRun.Value;
    }
}
