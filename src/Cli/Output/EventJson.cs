using System.Buffers;
using System.Text.Json;

namespace Podflare.Cli.Output;

/// <summary>Writes an event as the API's replay does: as it was sent, with the run ID as its last key.</summary>
internal static class EventJson
{
    public static void Write(SandboxEvent e, string run, OutputStream to)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteData(json, e);
            json.WriteNumber("seq"u8, e.Seq);
            json.WriteNumber("ts"u8, e.At.ToUnixTimeMilliseconds());
            WriteMore(json, e);
            json.WriteString("run"u8, run);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        to.Write(buffer.WrittenSpan);
    }

    private static void WriteData(Utf8JsonWriter json, SandboxEvent e)
    {
        switch (e)
        {
            case StdoutEvent stdout:
                json.WriteString("type"u8, "stdout"u8);
                WriteOutput(json, stdout.Data, stdout.Bytes);
                break;
            case StderrEvent stderr:
                json.WriteString("type"u8, "stderr"u8);
                WriteOutput(json, stderr.Data, stderr.Bytes);
                break;
            case ExitEvent exit:
                json.WriteString("type"u8, "exit"u8);
                json.WriteNumber("data"u8, exit.Code);
                break;
            case ResultEvent result:
                json.WriteString("type"u8, "result"u8);
                json.WriteStartObject("data"u8);
                foreach (var (mime, value) in result.Data)
                {
                    json.WritePropertyName(mime);
                    value.WriteTo(json);
                }

                json.WriteEndObject();
                break;
            case StartEvent start:
                json.WriteString("type"u8, "start"u8);
                json.WriteNumber("data"u8, start.ProcessId);
                break;
            case TerminalEvent terminal:
                json.WriteString("type"u8, "pty"u8);
                json.WriteBase64String("data"u8, terminal.Data.Span);
                break;
            case InputRequestEvent request:
                json.WriteString("type"u8, "input_request"u8);
                json.WriteString("data"u8, request.Prompt);
                break;
            case ToolRequestEvent call:
                json.WriteString("type"u8, "tool_request"u8);
                Write(json, call);
                break;
            case ToolResponseEvent response:
                json.WriteString("type"u8, "tool_response"u8);
                Write(json, response);
                break;
            case DroppedEvent dropped:
                json.WriteString("type"u8, "dropped"u8);
                json.WriteNumber("data"u8, dropped.Bytes);
                break;
            case FileChangedEvent file:
                json.WriteString("type"u8, "file"u8);
                Write(json, file);
                break;
        }
    }

    private static void WriteMore(Utf8JsonWriter json, SandboxEvent e)
    {
        switch (e)
        {
            case StdoutEvent { FromRunId: { } from }:
                json.WriteString("from"u8, from);
                break;
            case StderrEvent { FromRunId: { } from }:
                json.WriteString("from"u8, from);
                break;
            case InputRequestEvent request:
                json.WriteBoolean("password"u8, request.Password);
                break;
            case ResultEvent result:
                json.WriteBoolean("main"u8, result.Main);
                if (result.Omitted.Count > 0)
                {
                    json.WriteStartObject("omitted"u8);
                    foreach (var (mime, bytes) in result.Omitted) json.WriteNumber(mime, bytes);
                    json.WriteEndObject();
                }

                if (result.Truncated.Count > 0)
                {
                    json.WriteStartArray("truncated"u8);
                    foreach (var mime in result.Truncated) json.WriteStringValue(mime);
                    json.WriteEndArray();
                }

                break;
            case ExitEvent exit:
                if (exit.Reason is { } reason) json.WriteString("reason"u8, reason.ToString().ToLowerInvariant());
                if (exit.Error is { } error) Write(json, error);
                if (exit.Signal is { } signal) json.WriteString("signal"u8, signal);
                if (exit.StateLost) json.WriteBoolean("state_lost"u8, true);
                break;
        }
    }

    private static void WriteOutput(Utf8JsonWriter json, string text, byte[]? bytes)
    {
        if (bytes is null)
        {
            json.WriteString("data"u8, text);
            return;
        }

        json.WriteBase64String("data"u8, bytes);
        json.WriteString("encoding"u8, "base64"u8);
    }

    private static void Write(Utf8JsonWriter json, ToolRequestEvent call)
    {
        json.WriteStartObject("data"u8);
        json.WriteString("call_id"u8, call.CallId);
        json.WriteString("name"u8, call.Name);
        if (call.Arguments is { } arguments)
        {
            json.WritePropertyName("arguments"u8);
            arguments.WriteTo(json);
        }

        if (call.TraceParent is { } traceParent) json.WriteString("traceparent"u8, traceParent);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ToolResponseEvent response)
    {
        json.WriteStartObject("data"u8);
        json.WriteString("call_id"u8, response.CallId);
        json.WriteBoolean("ok"u8, response.Succeeded);
        if (response.Reason is { } reason) json.WriteString("reason"u8, reason);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FileChangedEvent file)
    {
        json.WriteStartObject("data"u8);
        if (file.PathBytes is { } bytes) json.WriteBase64String("path_b64"u8, bytes);
        else json.WriteString("path"u8, file.Path);
        json.WriteString("change"u8, file.Change.ToString().ToLowerInvariant());
        if (file.Kind is { } kind) json.WriteString("kind"u8, kind.ToString().ToLowerInvariant());
        if (file.From is { } from) json.WriteString("from"u8, from);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RunError error)
    {
        json.WriteStartObject("error"u8);
        if (error.Name is { } name) json.WriteString("name"u8, name);
        if (error.Value is { } value) json.WriteString("value"u8, value);
        if (error.Traceback is { } traceback) json.WriteString("traceback"u8, traceback);
        json.WriteEndObject();
    }
}
