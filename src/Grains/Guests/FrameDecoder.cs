using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>Makes events and answers of a guest's frames. One per connection: it remembers the last run id, which most frames repeat.</summary>
internal sealed class FrameDecoder
{
    private const int RunBytes = 16;
    private const int MaxOutputBytes = 65_536;

    private UInt128 _lastRunBytes;
    private RunId? _lastRun;

    /// <exception cref="GuestProtocolException">It is no <c>HELLO</c> that we understand.</exception>
    public static GuestHello Hello(in Frame frame)
    {
        var hello = Json(frame, GuestJson.Default.HelloPayload);
        if (hello.Version != 1) throw new GuestProtocolException("a HELLO of another version");
        if (hello is not { Boot: { Length: 32 } boot, First: > 0, Repl: >= 0 } || !boot.All(char.IsAsciiHexDigitLower))
            throw new GuestProtocolException("a HELLO without boot, first or repl");
        return new GuestHello(1, boot, hello.First.Value, hello.Repl.Value, [.. (hello.Runs ?? []).Select(HelloRun)]);
    }

    public static int Ready(in Frame frame) =>
        Json(frame, GuestJson.Default.ReadyPayload).Repl is { } repl and > 0 ? repl : throw new GuestProtocolException("a READY without repl");

    public GuestRunStarted Started(in Frame frame)
    {
        if (frame.Header.Length != RunBytes) throw new GuestProtocolException("a STARTED that names no run");
        return new GuestRunStarted(Run(frame.Payload), DateTimeOffset.FromUnixTimeMilliseconds(frame.Header.Time));
    }

    public static GuestAnswer Answer(in Frame frame)
    {
        if (frame.Header.Type == FrameType.Refused)
        {
            var refused = Json(frame, GuestJson.Default.RefusedPayload);
            return new GuestRefused(refused.Code ?? throw new GuestProtocolException("a REFUSED without code"), refused.Detail);
        }

        var taken = Json(frame, GuestJson.Default.TakenPayload);
        return new GuestTaken(taken.State is null or "unknown" ? null : State(taken.State), taken.ReplRestarted ?? false);
    }

    public GuestOutput Output(in Frame frame)
    {
        var length = frame.Header.Length - RunBytes - 1;
        if (length is < 1 or > MaxOutputBytes) throw new GuestProtocolException("an OUT of no byte, or of more than 65,536");
        var stream = frame.Payload.Slice(RunBytes, 1).FirstSpan[0];
        if (stream is not (1 or 2)) throw new GuestProtocolException("an OUT of an unknown stream");
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        frame.Payload.Slice(RunBytes + 1).CopyTo(bytes);
        return new GuestOutput(frame.Header.Number, Run(frame.Payload), frame.Header.Time, IsError: stream == 2, bytes);
    }

    /// <param name="unknownReason">Set when the guest gives a reason that this version does not know.</param>
    public GuestRunEnded End(in Frame frame, out string? unknownReason)
    {
        unknownReason = null;
        if (frame.Header.Length < RunBytes) throw new GuestProtocolException("an END that names no run");
        var end = Json(frame with { Payload = frame.Payload.Slice(RunBytes) }, GuestJson.Default.EndPayload);
        if (end.Code is not { } code) throw new GuestProtocolException("an END without code");
        var reason = Reason(end.Reason);
        if (end.Reason is not null && reason is null) unknownReason = end.Reason;
        var error = end.Error is { } e ? new RunError(e.Name, e.Value, e.Traceback) : null;
        return new GuestRunEnded(
            frame.Header.Number, Run(frame.Payload), frame.Header.Time, code, reason, error, Time(end.Started), end.ReplRestarted ?? false);
    }

    private static GuestRun HelloRun(HelloRunPayload? run) =>
        run is { State: { } state } && RunId.TryParse(run.Run, null, out var id)
            ? new GuestRun(id, State(state), Time(run.Started))
            : throw new GuestProtocolException("a HELLO with a run without id or state");

    private static RunState State(string state) => state switch
    {
        "queued" => RunState.Queued,
        "running" => RunState.Running,
        "ended" => RunState.Ended,
        _ => throw new GuestProtocolException("an unknown state of a run"),
    };

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

    private static DateTimeOffset? Time(long? ms)
    {
        if (ms is null) return null;
        if (ms.Value is < 0 or > FrameHeader.MaxTime) throw new GuestProtocolException("a time that is no date");
        return DateTimeOffset.FromUnixTimeMilliseconds(ms.Value);
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

    private static T Json<T>(in Frame frame, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(frame.Payload);
            var value = JsonSerializer.Deserialize(ref reader, type);
            if (value is null || reader.Read()) throw new GuestProtocolException("JSON that is not one object");
            return value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new GuestProtocolException($"a {frame.Header.Type} with malformed JSON");
        }
    }
}
