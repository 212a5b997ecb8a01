using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Podflare.Runs;

namespace Podflare.Guests;

public sealed partial class ScriptedGuest
{
    private const int MaxQueued = 10_000;

    private readonly Dictionary<RunId, GuestRunContext> _runs = [];
    private readonly Channel<GuestRunContext> _queue = Channel.CreateBounded<GuestRunContext>(MaxQueued);
    private readonly List<RunId> _executed = [];
    private readonly List<string> _requests = [];
    private bool _isClosing;

    /// <summary>The runs whose code was executed, in order; one that was executed twice is here twice.</summary>
    public IReadOnlyList<RunId> Executed
    {
        get { lock (_lock) return [.. _executed]; }
    }

    /// <summary>The types of the requests that came: <c>Run</c>, <c>Interrupt</c>, <c>Kill</c>, <c>Env</c>.</summary>
    public IReadOnlyList<string> Requests
    {
        get { lock (_lock) return [.. _requests]; }
    }

    /// <summary>The sandbox's variables, as the last <c>ENV</c> set them.</summary>
    public JsonObject? Env { get; private set; }

    /// <summary>Where it is set, requests are refused with this code: <c>queue_full</c>, <c>closing</c> or <c>invalid</c>.</summary>
    public string? RefuseWith { get; set; }

    /// <summary>Whether requests are read and forgotten.</summary>
    public bool IgnoresRequests { get; set; }

    /// <summary>Whether requests are carried out and never answered.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>Sends <c>STARTED</c> of any run at any time.</summary>
    internal void SendStarted(RunId run, long? time = null) => Send(FrameType.Started, 0, run.ToBytes(), time);

    /// <summary>Sends the end of any run, with any JSON.</summary>
    internal ulong SendEnd(RunId run, string json, long? time = null) => SendNumbered(FrameType.End, [.. run.ToBytes(), .. Encoding.UTF8.GetBytes(json)], time);

    private void TakeRequest(FrameType type, ulong number, byte[] payload)
    {
        if (type is not (FrameType.Env or FrameType.Run or FrameType.Interrupt or FrameType.Kill) and (< FrameType.Stdin or > FrameType.ToolResult)) return;
        _requests.Add(type.ToString());
        if (IgnoresRequests) return;
        if (RefuseWith is { } code)
        {
            Send(FrameType.Refused, number, $$"""{"code":"{{code}}","detail":"as the test wants it"}""");
            return;
        }

        switch (type)
        {
            case FrameType.Env:
                Env = Json(payload)["env"]!.AsObject();
                Answer(number, null);
                break;
            case FrameType.Run:
                TakeRun(number, payload);
                break;
            case FrameType.Interrupt:
                var interrupted = _runs.GetValueOrDefault(RunId.Parse((string)Json(payload)["run"]!));
                Answer(number, interrupted?.State);
                if (interrupted is { State: not RunState.Ended } && !_programs.Find(interrupted.Code).IgnoresInterrupts) interrupted.Stop(130, ExitReason.Interrupted);
                break;
            case FrameType.Kill:
                TakeKill(number, Json(payload));
                break;
            case FrameType.Stdin:
                TakeStdin(number, payload);
                break;
            case FrameType.Resize or FrameType.Signal:
                TakeProcessRequest(type, number, Json(payload));
                break;
            case FrameType.Context:
                TakeContext(number, Json(payload));
                break;
            case FrameType.ToolResult:
                TakeToolResult(number, payload);
                break;
        }
    }

    private void TakeRun(ulong number, byte[] payload)
    {
        var length = (int)BinaryPrimitives.ReadUInt32BigEndian(payload);
        var json = Json(payload.AsSpan(4, length));
        var id = RunId.Parse((string)json["run"]!);
        if (_isClosing)
        {
            Send(FrameType.Refused, number, """{"code":"closing"}""");
            return;
        }

        if (!_runs.TryGetValue(id, out var run))
        {
            var context = (string?)json["context"] ?? "python";
            if (!_contexts.TryGetValue(context, out var executions))
            {
                Send(FrameType.Refused, number, """{"code":"context_not_found"}""");
                return;
            }

            var timeout = (long?)json["timeout_ms"] is { } ms ? TimeSpan.FromMilliseconds(ms) : Timeout.InfiniteTimeSpan;
            run = _runs[id] = new GuestRunContext(this, id, Encoding.UTF8.GetString(payload.AsSpan(4 + length)), timeout) { Request = json };
            if (run.IsProcess)
            {
                _ = Task.Run(() => ExecuteAsync(run));
            }
            else
            {
                run.Execution = _contexts[context] = executions + 1;
                _queue.Writer.TryWrite(run);
            }
        }

        if (!LosesAnswers) Send(FrameType.Taken, number, new JsonObject { ["state"] = run.State.ToString().ToLowerInvariant(), ["repl_restarted"] = false, ["execution"] = run.Execution }.ToJsonString());
    }

    private void TakeKill(ulong number, JsonObject kill)
    {
        var reason = Enum.Parse<ExitReason>((string)kill["reason"]!, ignoreCase: true);
        var code = reason is ExitReason.Timeout ? 124 : 137;
        GuestRunContext[] killed;
        if ((string?)kill["run"] is { } only)
        {
            killed = _runs.TryGetValue(RunId.Parse(only), out var run) ? [run] : [];
        }
        else
        {
            _isClosing = true;
            killed = [.. _runs.Values];
        }

        Answer(number, killed is [var one] ? one.State : null, reportsCpuTime: (string?)kill["run"] is null);
        foreach (var run in killed)
        {
            if (run.State is not RunState.Ended && !_programs.Find(run.Code).IgnoresEverything) run.Stop(code, reason);
        }
    }

    private async Task ServeRunsAsync()
    {
        try
        {
            await foreach (var run in _queue.Reader.ReadAllAsync(_dead.Token)) await ExecuteAsync(run);
        }
        catch (OperationCanceledException)
        {
            // The guest is dead.
        }
    }

    private async Task ExecuteAsync(GuestRunContext run)
    {
        var program = _programs.Find(run.Code);
        lock (_lock)
        {
            if (!run.HasExited)
            {
                run.State = RunState.Running;
                run.Started = Now();
                _executed.Add(run.Id);
                SendStarted(run.Id, run.Started);
                if (run.IsProcess) SendEvent(run.Id, 3, [0, 0, 0, GuestRunContext.Pid]);
            }
        }

        using var timeout = _clock.CreateTimer(
            _ =>
            {
                if (!program.IgnoresEverything) run.Stop(124, ExitReason.Timeout);
            },
            null,
            run.Timeout,
            Timeout.InfiniteTimeSpan);
        try
        {
            if (!run.HasExited) await program.RunAsync(run).WaitAsync(_dead.Token);
        }
        catch (OperationCanceledException) when (!_dead.IsCancellationRequested)
        {
            // Stopped: its verdict is there.
        }

        lock (_lock)
        {
            run.Exit(0);
            run.State = RunState.Ended;
            var (code, reason) = run.Verdict!.Value;
            var end = new JsonObject { ["code"] = code, ["started"] = run.Started };
            if (reason is { } why) end["reason"] = why.ToString().ToLowerInvariant();
            if (run.Execution is { } execution) end["execution"] = execution;
            if (run.EndSignal is { } signal) end["signal"] = signal;
            run.EndNumber = SendEnd(run.Id, end.ToJsonString());
        }
    }

    // Only what a HELLO says of them: the ids of ended runs stay known, so that none is executed twice.
    private JsonArray HelloRuns() =>
    [
        .. _runs.Values.Where(run => run.EndNumber is not 0).Select(run => new JsonObject
        {
            ["run"] = run.Id.Value,
            ["state"] = run.State.ToString().ToLowerInvariant(),
            ["started"] = run.Started,
            ["acknowledged"] = run.Acknowledged,
            ["pid"] = run is { IsProcess: true, Started: not null } ? GuestRunContext.Pid : null,
            ["stdin"] = run.HasStdin ? run.Stdin.Length : null,
            ["open_tool_calls"] = OpenToolCallsOf(run),
        }),
    ];

    private void NoteAcknowledged(ulong number, ReadOnlySpan<byte> frame)
    {
        if ((FrameType)frame[sizeof(int)] is not (FrameType.Out or FrameType.End or FrameType.Event)) return;
        if (_runs.TryGetValue(RunId.FromBytes(frame[FrameHeader.Size..(FrameHeader.Size + 16)]), out var run)) run.Acknowledged = number;
    }

    private void ForgetEnded(ulong acknowledged)
    {
        foreach (var run in _runs.Values.Where(run => run.EndNumber <= acknowledged)) run.EndNumber = 0;
    }

    private void Answer(ulong number, RunState? state, bool reportsCpuTime = false)
    {
        var cpu = reportsCpuTime && CpuTime is { } used ? $$""","cpu_ns":{{(long)used.TotalNanoseconds}}""" : "";
        if (!LosesAnswers) Send(FrameType.Taken, number, $$"""{"state":"{{state?.ToString().ToLowerInvariant() ?? "unknown"}}","repl_restarted":false{{cpu}}}""");
    }

    private static JsonObject Json(ReadOnlySpan<byte> payload) => JsonNode.Parse(payload)!.AsObject();
}
