using System.Buffers;
using System.Text.Json;

namespace Podflare.Mcp;

/// <summary>Describes the arguments of a tool as JSON Schema.</summary>
/// <remarks>Types are never nullable: with a header, clients then drop the tool.</remarks>
internal sealed class ToolSchema(McpSettings settings)
{
    public const string SandboxId = "sandbox_id";

    private readonly List<(string Name, Action<Utf8JsonWriter> Write)> _properties = [];
    private readonly List<string> _required = [];

    /// <summary>The sandbox. A proxy can route by the header that clients make of it.</summary>
    /// <param name="withoutOne">What happens without one; null if it must be given.</param>
    public ToolSchema Sandbox(string? withoutOne = null)
    {
        var (isRequired, description) = (withoutOne is null && settings.DefaultSandbox is null, "The id of the sandbox, as an earlier result names it.");
        if (settings.DefaultSandbox is not null) description += " Without it, the sandbox that the user has chosen.";
        else if (withoutOne is not null) description += $" {withoutOne}";
        return Add(SandboxId, isRequired, json =>
        {
            json.WriteString("type"u8, "string"u8);
            json.WriteString("description"u8, description);
            if (!isRequired) json.WriteString("default"u8, settings.DefaultSandbox ?? "");
            json.WriteString("x-mcp-header"u8, "Sandbox-Id"u8);
        });
    }

    /// <param name="standard">The value when it is not given; null if it must be given.</param>
    public ToolSchema Text(string name, string description, string? standard = null) => Add(name, standard is null, json =>
    {
        json.WriteString("type"u8, "string"u8);
        json.WriteString("description"u8, description);
        if (standard is not null) json.WriteString("default"u8, standard);
    });

    public ToolSchema Number(string name, string description, double? standard, double least, double? most = null) => Number(name, "number", description, standard, least, most);

    public ToolSchema Whole(string name, string description, long standard, long least, long? most = null) => Number(name, "integer", description, standard, least, most);

    /// <summary>Names and values, both text.</summary>
    public ToolSchema Map(string name, string description) => Add(name, isRequired: false, json =>
    {
        json.WriteString("type"u8, "object"u8);
        json.WriteString("description"u8, description);
        json.WriteStartObject("additionalProperties"u8);
        json.WriteString("type"u8, "string"u8);
        json.WriteEndObject();
    });

    public JsonElement Build()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "object"u8);
            json.WriteStartObject("properties"u8);
            foreach (var (name, write) in _properties)
            {
                json.WriteStartObject(name);
                write(json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartArray("required"u8);
            foreach (var name in _required) json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private ToolSchema Number(string name, string type, string description, double? standard, double least, double? most) => Add(name, isRequired: false, json =>
    {
        json.WriteString("type"u8, type);
        json.WriteString("description"u8, description);
        json.WriteNumber("minimum"u8, least);
        if (most is { } maximum) json.WriteNumber("maximum"u8, maximum);
        if (standard is { } value) json.WriteNumber("default"u8, value);
    });

    private ToolSchema Add(string name, bool isRequired, Action<Utf8JsonWriter> write)
    {
        _properties.Add((name, write));
        if (isRequired) _required.Add(name);
        return this;
    }
}
