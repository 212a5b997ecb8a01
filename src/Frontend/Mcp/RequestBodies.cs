using System.Buffers;
using System.Text.Json;

namespace Podflare.Mcp;

/// <summary>The bodies of the HTTP API for what tools ask for, so that one parser checks both.</summary>
internal static class RequestBodies
{
    public static ReadOnlySpan<byte> Of(NewSandbox sandbox) => Write(json =>
    {
        if (sandbox.Template is { } template) json.WriteString("template"u8, template);
        if (sandbox.TimeoutSeconds is { } seconds) json.WriteNumber("timeout_seconds"u8, seconds);
        if (sandbox.Env.Count > 0) WriteMap(json, "env", sandbox.Env);
        if (sandbox.Metadata.Count > 0) WriteMap(json, "metadata", sandbox.Metadata);
    });

    public static ReadOnlySpan<byte> Of(RunProgram program) => Write(json =>
    {
        if (program.Code is { } code) json.WriteString("code"u8, code);
        if (program.Command is { } command) json.WriteString("command"u8, command);
        if (program.Context is { } context) json.WriteString("context"u8, context);
        if (program.Cwd is { } folder) json.WriteString("cwd"u8, folder);
        json.WriteNumber("timeout_seconds"u8, program.TimeoutSeconds);
    });

    private static void WriteMap(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in map) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static ReadOnlySpan<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }
}
