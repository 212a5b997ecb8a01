using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Podflare.Runs;

namespace Podflare.Guests;

public sealed partial class ScriptedGuest
{
    // Runs that each has accepted.
    private readonly Dictionary<string, int> _contexts = new() { ["python"] = 0 };
    private readonly List<string> _signals = [];

    /// <summary>The signals and sizes that came, as their JSON without the run.</summary>
    public IReadOnlyList<string> Signals
    {
        get { lock (_lock) return [.. _signals]; }
    }

    /// <summary>How often a restarted context says that it is starting.</summary>
    public int StartingAnswers { get; set; }

    /// <summary>Requests of this type are carried out, but their answer is lost with the connection.</summary>
    public bool LosesNextStdinAnswer { get; set; }

    /// <summary>Sends an <c>EVENT</c>.</summary>
    public void SendEvent(RunId run, byte kind, byte[] body) => SendNumbered(FrameType.Event, [.. run.ToBytes(), kind, .. body]);

    /// <summary>Sends output of a run that has ended.</summary>
    public void SendLate(RunId? origin, string text, bool isError = false) =>
        SendNumbered(FrameType.Late, [.. origin?.ToBytes() ?? new byte[16], (byte)(isError ? 2 : 1), .. Encoding.UTF8.GetBytes(text)]);

    /// <summary>Says that late output was dropped.</summary>
    public void SendDropped(ulong bytes)
    {
        var count = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(count, bytes);
        SendNumbered(FrameType.Late, [.. new byte[17], .. count]);
    }

    private void TakeStdin(ulong number, byte[] payload)
    {
        var run = _runs.GetValueOrDefault(RunId.FromBytes(payload.AsSpan(0, 16)));
        var data = payload.AsSpan(25);
        var (isEnd, offset) = ((payload[16] & 1) != 0, BinaryPrimitives.ReadUInt64BigEndian(payload.AsSpan(17)));
        var refusal = run is null || run.State is RunState.Ended ? "ended"
            : !run.HasStdin || run.StdinEnded && data.Length > 0 ? "stdin_closed"
            : offset != ulong.MaxValue && offset > (ulong)run.Stdin.Length ? "stdin_offset"
            : run.Stdin.Length + data.Length > StdinChunk.MaxBytes ? "stdin_full"
            : null;
        if (refusal is not null)
        {
            Send(FrameType.Refused, number, new JsonObject { ["code"] = refusal, ["detail"] = "x", ["offset"] = run?.Stdin.Length }.ToJsonString());
            return;
        }

        var skipped = offset == ulong.MaxValue ? 0 : run!.Stdin.Length - (int)offset;
        run!.TakeStdin(data[Math.Min(skipped, data.Length)..], isEnd);
        if (LosesNextStdinAnswer)
        {
            LosesNextStdinAnswer = false;
            Disconnect();
            return;
        }

        Send(FrameType.Taken, number, new JsonObject { ["state"] = "running", ["repl_restarted"] = false, ["offset"] = run.Stdin.Length }.ToJsonString());
    }

    private void TakeProcessRequest(FrameType type, ulong number, JsonObject request)
    {
        var run = _runs.GetValueOrDefault(RunId.Parse((string)request["run"]!));
        if (run is null || run.State is RunState.Ended && (string?)request["scope"] != "all" || type is FrameType.Resize && !run.IsTerminal)
        {
            Send(FrameType.Refused, number, new JsonObject { ["code"] = run is { State: not RunState.Ended } ? "not_a_terminal" : "ended" }.ToJsonString());
            return;
        }

        request.Remove("run");
        _signals.Add(request.ToJsonString());
        Answer(number, run.State);
        if ((string?)request["signal"] is { } signal and ("SIGTERM" or "SIGKILL"))
        {
            run.EndSignal = signal;
            run.Stop(signal == "SIGTERM" ? 143 : 137, null);
        }
    }

    private void TakeContext(ulong number, JsonObject request)
    {
        var (action, id) = ((string)request["do"]!, (string?)request["id"]);
        var answer = new JsonObject { ["state"] = "unknown", ["repl_restarted"] = false };
        var refusal = action switch
        {
            "create" when _contexts.Count >= 8 && !_contexts.ContainsKey(id ?? "") => "context_limit",
            "create" when id is not null && _contexts.ContainsKey(id) && request["cwd"] is not null => "context_exists",
            "delete" or "restart" or "interrupt" when !_contexts.ContainsKey(id!) => "context_not_found",
            "delete" when id == "python" => "context_required",
            _ => null,
        };
        if (refusal is not null)
        {
            Send(FrameType.Refused, number, new JsonObject { ["code"] = refusal, ["detail"] = "x" }.ToJsonString());
            return;
        }

        switch (action)
        {
            case "create":
                answer["created"] = _contexts.TryAdd(id ??= $"ctx-{_contexts.Count}", 0);
                break;
            case "delete":
                _contexts.Remove(id!);
                break;
            case "interrupt":
                var runs = _runs.Values.Where(run => (run.State is RunState.Running || (bool?)request["queued"] is true && run.State is RunState.Queued) && run.Context == id).ToArray();
                foreach (var run in runs) run.Stop(130, ExitReason.Interrupted);
                answer["runs"] = new JsonArray([.. runs.Select(run => JsonValue.Create(run.Id.Value))]);
                break;
        }

        var shown = action is "list" ? _contexts.Keys.ToArray() : action is "delete" ? [] : [id!];
        answer["contexts"] = new JsonArray([.. shown.Select(ContextSummary)]);
        Send(FrameType.Taken, number, answer.ToJsonString());
    }

    private JsonObject ContextSummary(string id)
    {
        var isStarting = StartingAnswers > 0;
        if (isStarting) StartingAnswers--;
        var current = _runs.Values.FirstOrDefault(run => run.Context == id && run.State is RunState.Running && !run.IsProcess);
        return new JsonObject
        {
            ["id"] = id,
            ["language"] = "python",
            ["cwd"] = "/root",
            ["state"] = isStarting ? "starting" : current is null ? "idle" : "busy",
            ["run"] = current?.Id.Value,
            ["queued"] = _runs.Values.Count(run => run.Context == id && run.State is RunState.Queued),
            ["execution_count"] = _contexts[id],
            ["repl"] = 1,
        };
    }
}
