using System.Buffers;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

internal sealed class CreateSandboxTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "create_sandbox",
        "Create a sandbox",
        "Creates an isolated sandbox with Python, bash and files, and returns its id. run_python and run_bash also create one when they are called without a sandbox_id.",
        new ToolSchema(settings)
            .Text("template", "The template to create it from. Without it, the server's default.", "")
            .Number("timeout_seconds", "Seconds after which the sandbox ends, whatever it does. Without it, the server's default.", null, 1)
            .Map("env", "Environment variables of everything that runs in the sandbox.")
            .Map("metadata", "Pairs to find the sandbox by."),
        Hints.None,
        Output),
    settings)
{
    private static readonly JsonElement Output = JsonElement.Parse(
        """{"type":"object","properties":{"sandbox_id":{"type":"string"},"warnings":{"type":"array","items":{"type":"string"}}},"required":["sandbox_id"]}"""u8);

    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var created = await operations.CreateSandboxAsync(
            new NewSandbox
            {
                Template = call.Arguments.Text("template", "") is { Length: > 0 } template ? template : null,
                TimeoutSeconds = call.Arguments.NumberOrNone("timeout_seconds", 1, double.MaxValue),
                Env = call.Arguments.Map("env"),
                Metadata = call.Arguments.Map("metadata"),
                IdempotencyKey = call.IdempotencyKey,
                Trace = call.Trace,
            },
            cancellationToken);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("sandbox_id"u8, created.Id);
            if (created.Warnings.Count > 0)
            {
                json.WriteStartArray("warnings"u8);
                foreach (var warning in created.Warnings) json.WriteStringValue(warning);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        var result = Say(string.Join('\n', [.. created.Warnings.Select(warning => $"[warning: {warning}]"), $"[sandbox_id {created.Id}]"]));
        result.StructuredContent = JsonElement.Parse(buffer.WrittenSpan);
        return result;
    }
}
