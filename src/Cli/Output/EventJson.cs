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
            json.WriteString("type"u8, e switch { StdoutEvent => "stdout", StderrEvent => "stderr", ResultEvent => "result", _ => "exit" });
            if (e is ResultEvent { Data: var data }) Write(json, data);
            else if (e is StdoutEvent stdout) json.WriteString("data"u8, stdout.Data);
            else if (e is StderrEvent stderr) json.WriteString("data"u8, stderr.Data);
            else if (e is ExitEvent exit) json.WriteNumber("data"u8, exit.Code);
            json.WriteNumber("seq"u8, e.Seq);
            json.WriteNumber("ts"u8, e.At.ToUnixTimeMilliseconds());
            if (e is ResultEvent result) Write(json, result);
            if (e is ExitEvent { Reason: { } reason }) json.WriteString("reason"u8, reason.ToString().ToLowerInvariant());
            if (e is ExitEvent { Error: { } error }) Write(json, error);
            if (e is ExitEvent { Signal: { } signal }) json.WriteString("signal"u8, signal);
            if (e is ExitEvent { StateLost: true }) json.WriteBoolean("state_lost"u8, true);
            json.WriteString("run"u8, run);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        to.Write(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, JsonElement> data)
    {
        json.WriteStartObject("data"u8);
        foreach (var (mime, value) in data)
        {
            json.WritePropertyName(mime);
            value.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ResultEvent result)
    {
        json.WriteBoolean("main"u8, result.Main);
        if (result.Omitted.Count > 0)
        {
            json.WriteStartObject("omitted"u8);
            foreach (var (mime, bytes) in result.Omitted) json.WriteNumber(mime, bytes);
            json.WriteEndObject();
        }

        if (result.Truncated.Count == 0) return;
        json.WriteStartArray("truncated"u8);
        foreach (var mime in result.Truncated) json.WriteStringValue(mime);
        json.WriteEndArray();
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
