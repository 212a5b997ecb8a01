using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

internal sealed class ListSandboxesTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "list_sandboxes",
        "List sandboxes",
        "Lists the sandboxes that are ready, newest first.",
        new ToolSchema(settings).Whole("limit", "The largest number of sandboxes to list.", DefaultLimit, 1, MaxLimit),
        Hints.ReadOnly,
        Output),
    settings)
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    private static readonly JsonElement Output = JsonElement.Parse(
        """
        {
          "type": "object",
          "properties": {
            "sandboxes": {
              "type": "array",
              "items": {
                "type": "object",
                "properties": {
                  "sandbox_id": { "type": "string" },
                  "template": { "type": "string" },
                  "created_at": { "type": "string" },
                  "metadata": { "type": "object", "additionalProperties": { "type": "string" } }
                },
                "required": ["sandbox_id"]
              }
            },
            "has_more": { "type": "boolean" }
          },
          "required": ["sandboxes", "has_more"]
        }
        """u8);

    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var list = await operations.ListSandboxesAsync((int)call.Arguments.Whole("limit", DefaultLimit, 1, MaxLimit), cancellationToken);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("sandboxes"u8);
            foreach (var sandbox in list.Sandboxes) Write(json, sandbox);
            json.WriteEndArray();
            json.WriteBoolean("has_more"u8, list.HasMore);
            json.WriteEndObject();
        }

        var data = JsonElement.Parse(buffer.WrittenSpan);
        var result = Say(data.GetRawText());
        result.StructuredContent = data;
        return result;
    }

    private static void Write(Utf8JsonWriter json, SandboxSummary sandbox)
    {
        json.WriteStartObject();
        json.WriteString("sandbox_id"u8, sandbox.Id);
        if (sandbox.Template is { } template) json.WriteString("template"u8, template);
        if (sandbox.CreatedAt is { } created) json.WriteString("created_at"u8, created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteStartObject("metadata"u8);
        foreach (var (name, value) in sandbox.Metadata) json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
