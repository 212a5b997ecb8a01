using System.Text;
using System.Text.Json;
using Podflare.E2b.Connect;
using Podflare.Resilience;
using Podflare.Streaming;

namespace Podflare.E2b.Envd;

/// <summary>Sends the events of a process to one client, up to its end.</summary>
/// <param name="hasStarted">The client knows its id already.</param>
internal sealed class ProcessFollower(RpcCall call, ServerStream stream, SandboxHealth health, bool hasStarted)
{
    private static readonly byte[] Ping = "{\"event\":{\"keepalive\":{}}}"u8.ToArray();

    // What comes of a sandbox is not to be trusted: it may send any amount before it reports a start.
    private const int MaxFailureCharacters = 4 * 1024;

    private readonly StringBuilder _failure = new();
    private bool _hasStarted = hasStarted;

    private static ReadOnlySpan<byte> DataEnd => "\",\"seq\":"u8;

    private static ReadOnlySpan<byte> Base64 => "\"encoding\":\"base64\"}\n"u8;

    /// <param name="limit">The time for the stream; null for any.</param>
    /// <exception cref="RpcException">The program could not be executed, or the time is over.</exception>
    public async Task FollowAsync(RunSubscription events, TimeLimit? limit = null)
    {
        while (true)
        {
            var batch = await stream.NextAsync(events, Ping, limit);
            JsonElement? exit = null;
            for (var i = 0; i < batch.Ends.Length; i++) exit = Write(batch.Utf8.AsSpan((i == 0 ? 0 : batch.Ends[i - 1])..batch.Ends[i]));
            if (exit is { } last)
            {
                await EndAsync(last);
                return;
            }

            if (_hasStarted) await stream.FlushAsync();
        }
    }

    public static void WriteStart(ServerStream stream, int pid) => stream.Write(json =>
    {
        json.WriteStartObject("event"u8);
        json.WriteStartObject("start"u8);
        json.WriteNumber("pid"u8, pid);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <returns>The exit; null for every other event.</returns>
    private JsonElement? Write(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("{\"type\":\"pty\",\"data\":\""u8)) WriteBase64(line, "{\"type\":\"pty\",\"data\":\""u8.Length, "{\"event\":{\"data\":{\"pty\":\""u8);
        else if (_hasStarted && line.EndsWith(Base64) && line.StartsWith("{\"type\":\"stdout\",\"data\":\""u8)) WriteBase64(line, "{\"type\":\"stdout\",\"data\":\""u8.Length, "{\"event\":{\"data\":{\"stdout\":\""u8);
        else if (_hasStarted && line.EndsWith(Base64) && line.StartsWith("{\"type\":\"stderr\",\"data\":\""u8)) WriteBase64(line, "{\"type\":\"stderr\",\"data\":\""u8.Length, "{\"event\":{\"data\":{\"stderr\":\""u8);
        else return WriteOther(line);
        return null;
    }

    // Base64 has no quotes, so the text ends at the first one.
    private void WriteBase64(ReadOnlySpan<byte> line, int start, ReadOnlySpan<byte> head) => stream.Write(head, line[start..line.LastIndexOf(DataEnd)], "\"}}}"u8);

    private JsonElement? WriteOther(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var item = document.RootElement;
        switch (item.GetProperty("type"u8).GetString())
        {
            case "start":
                if (!_hasStarted) WriteStart(stream, item.GetProperty("data"u8).GetInt32());
                _hasStarted = true;
                return null;
            case "stdout" or "stderr":
                WriteText(item);
                return null;
            case "exit":
                return item.Clone();
            default:
                return null;
        }
    }

    private void WriteText(JsonElement item)
    {
        var isBase64 = item.TryGetProperty("encoding"u8, out _);
        var data = item.GetProperty("data"u8);
        // Output before the start is what the sandbox says about a program that it could not execute.
        if (!_hasStarted)
        {
            var text = isBase64 ? Encoding.UTF8.GetString(data.GetBytesFromBase64()) : data.GetString()!;
            _failure.Append(text.AsSpan(0, Math.Min(text.Length, MaxFailureCharacters - _failure.Length)));
        }
        else
        {
            var name = item.GetProperty("type"u8).GetString()!;
            stream.Write(json =>
            {
                json.WriteStartObject("event"u8);
                json.WriteStartObject("data"u8);
                json.WriteBase64String(name, isBase64 ? data.GetBytesFromBase64() : Encoding.UTF8.GetBytes(data.GetString()!));
                json.WriteEndObject();
                json.WriteEndObject();
            });
        }
    }

    private async Task EndAsync(JsonElement exit)
    {
        var code = exit.GetProperty("data"u8).GetInt32();
        var reason = exit.TryGetProperty("reason"u8, out var why) ? why.GetString() : null;
        var signal = exit.TryGetProperty("signal"u8, out var name) ? name.GetString() : null;
        if (reason is "killed" or "expired" or "lost" && !await health.IsRunningAsync(call.Sandbox, call.Aborted))
        {
            call.Context.Abort();
            call.Aborted.ThrowIfCancellationRequested();
            throw new OperationCanceledException();
        }

        if (reason == "timeout") throw new RpcException("deadline_exceeded", "context deadline exceeded");
        if (reason == "lost") throw new RpcException("internal", "what became of the process is not known");
        if (!_hasStarted) throw new RpcException("invalid_argument", _failure.Length > 0 ? _failure.ToString().TrimEnd('\n') : "the program could not be executed");
        stream.Write(json =>
        {
            json.WriteStartObject("event"u8);
            json.WriteStartObject("end"u8);
            ProcessEnd.Write(json, code, signal ?? (reason == "killed" ? "SIGKILL" : null));
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }
}
