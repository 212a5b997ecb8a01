using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Podflare.Runs;

namespace Podflare.Guests;

public sealed partial class ScriptedGuest
{
    private readonly Dictionary<(RunId Run, uint Call), ScriptedToolCall> _toolCalls = [];

    /// <summary>Answers to calls of tools are carried out, but the answer to the next one is lost with the connection.</summary>
    public bool LosesNextToolAnswer { get; set; }

    /// <summary>The code of a run calls a tool. Completes with its answer: the JSON, or <c>error</c> and its message.</summary>
    public Task<string> CallTool(RunId run, string name, string arguments = "{}")
    {
        lock (_lock)
        {
            var call = new ScriptedToolCall();
            var number = (uint)_toolCalls.Keys.Count(key => key.Run == run) + 1;
            _toolCalls[(run, number)] = call;
            SendToolEvent(run, 5, number, $$"""{"call_id":"call_{{number}}","name":"{{name}}","arguments":{{arguments}}}""");
            return call.Answer.Task;
        }
    }

    /// <summary>A call is closed, as by its timeout.</summary>
    public void CloseToolCall(RunId run, uint call, string reason)
    {
        lock (_lock)
        {
            if (_toolCalls[(run, call)] is not { State: null } open) return;
            open.State = "closed";
            open.Answer.TrySetResult(reason);
            SendToolEvent(run, 6, call, $$"""{"call_id":"call_{{call}}","ok":false,"reason":"{{reason}}"}""");
        }
    }

    private void TakeToolResult(ulong number, byte[] payload)
    {
        var (run, call) = (RunId.FromBytes(payload.AsSpan(0, 16)), BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(17)));
        var known = _toolCalls.GetValueOrDefault((run, call));
        if (known is null || known.State == "closed")
        {
            Send(FrameType.Refused, number, new JsonObject { ["code"] = known is null ? "tool_call_not_found" : "tool_call_closed", ["detail"] = "x" }.ToJsonString());
            return;
        }

        if (known.State is null)
        {
            known.State = "answered";
            var isError = payload[16] == 1;
            known.Answer.TrySetResult((isError ? "error " : "") + Encoding.UTF8.GetString(payload.AsSpan(21)));
            SendToolEvent(run, 6, call, $$"""{"call_id":"call_{{call}}","ok":{{(isError ? "false" : "true")}}}""");
        }

        if (LosesNextToolAnswer)
        {
            LosesNextToolAnswer = false;
            Disconnect();
            return;
        }

        Answer(number, RunState.Running);
    }

    private JsonArray? OpenToolCallsOf(GuestRunContext run) => run.Request["tools"] is null
        ? null
        : new JsonArray([.. _toolCalls.Where(call => call.Key.Run == run.Id && call.Value.State is null).Select(call => JsonValue.Create($"call_{call.Key.Call}"))]);

    private void SendToolEvent(RunId run, byte kind, uint call, string json)
    {
        var number = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(number, call);
        SendEvent(run, kind, [.. number, .. Encoding.UTF8.GetBytes(json)]);
    }

    private sealed class ScriptedToolCall
    {
        public TaskCompletionSource<string> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Null while it is open.</summary>
        public string? State { get; set; }
    }
}
