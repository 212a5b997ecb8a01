using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Guests;

/// <summary>
/// Decodes a guest's frames to events and answers. One per connection: it remembers the last run id, which most frames repeat. User code
/// may have taken over the guest, so times and texts beyond their limits are replaced, and whatever else is wrong breaks the protocol.
/// </summary>
internal sealed class FrameDecoder(TimeProvider time)
{
    private const int RunBytes = 16;
    private const int MaxOutputBytes = 65_536;

    // A guest holds 64 open runs at most, and for a moment those whose end was not acknowledged.
    private const int MaxHelloRuns = 128;

    // The guest's own limits are a quarter of these or less.
    private const int MaxErrorName = 4 * 1024;
    private const int MaxErrorValue = 64 * 1024;
    private const int MaxTraceback = 256 * 1024;

    private const long DayMs = 24 * 60 * 60 * 1000L;

    // The longest timeout of a run is 7 days.
    private const long LongestRunMs = 8 * DayMs;

    private static readonly KeyValuePair<string, object?> TimeField = new("field", "time");
    private static readonly KeyValuePair<string, object?> ErrorField = new("field", "error");

    private UInt128 _lastRunBytes;
    private RunId? _lastRun;

    /// <exception cref="GuestProtocolException">It is not a valid <c>HELLO</c>.</exception>
    public GuestHello Hello(in Frame frame)
    {
        var hello = Json(frame, GuestJson.Default.HelloPayload);
        if (hello.Version != 1) throw new GuestProtocolException("a HELLO of another version");
        if (hello is not { Boot: { Length: 32 } boot, First: > 0, Repl: >= 0 } || !boot.All(char.IsAsciiHexDigitLower))
            throw new GuestProtocolException("a HELLO without boot, first or repl");
        if (hello.Runs is { Length: > MaxHelloRuns }) throw new GuestProtocolException($"a HELLO with more than {MaxHelloRuns} runs");
        return new GuestHello(1, boot, hello.First.Value, hello.Repl.Value, [.. (hello.Runs ?? []).Select(HelloRun)]);
    }

    public static int Ready(in Frame frame) =>
        Json(frame, GuestJson.Default.ReadyPayload).Repl is { } repl and > 0 ? repl : throw new GuestProtocolException("a READY without repl");

    public GuestRunStarted Started(in Frame frame)
    {
        if (frame.Header.Length != RunBytes) throw new GuestProtocolException("a STARTED that names no run");
        return new GuestRunStarted(Run(frame.Payload), DateTimeOffset.FromUnixTimeMilliseconds(Near(frame.Header.Time)));
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
        return new GuestOutput(frame.Header.Number, Run(frame.Payload), Near(frame.Header.Time), IsError: stream == 2, bytes);
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
        var error = end.Error is { } e ? new RunError(Cut(e.Name, MaxErrorName), Cut(e.Value, MaxErrorValue), Cut(e.Traceback, MaxTraceback)) : null;
        return new GuestRunEnded(
            frame.Header.Number, Run(frame.Payload), Near(frame.Header.Time), code, reason, error, Started(end.Started), end.ReplRestarted ?? false);
    }

    private GuestRun HelloRun(HelloRunPayload? run) =>
        run is { State: { } state } && RunId.TryParse(run.Run, null, out var id)
            ? new GuestRun(id, State(state), Started(run.Started), run.Acknowledged ?? 0)
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

    private static string? Cut(string? text, int limit)
    {
        if (text is null || text.Length <= limit) return text;
        Instruments.GuestFieldsReplaced.Add(1, ErrorField);
        return text[..limit];
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
