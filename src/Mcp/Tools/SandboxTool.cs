using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Podflare.Mcp;

/// <summary>A tool of this server. A refusal is an answer that the model can read.</summary>
internal abstract class SandboxTool(Tool description, McpSettings settings) : McpServerTool
{
    public override Tool ProtocolTool { get; } = description;

    public override IReadOnlyList<object> Metadata => [];

    protected McpSettings Settings { get; } = settings;

    public override async ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default)
    {
        try
        {
            return await CallAsync(new ToolCall(request, Settings), cancellationToken);
        }
        catch (RefusedException e)
        {
            return Refusal(e);
        }
    }

    protected abstract Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken);

    public static CallToolResult Refusal(RefusedException e) => Say(e.Text, isError: true);

    protected static CallToolResult Say(string text, bool isError = false) => new() { IsError = isError, Content = [new TextContentBlock { Text = text }] };

    /// <param name="output">The schema of structured content; null for none.</param>
    protected static Tool Describe(string name, string title, string description, ToolSchema input, Hints hints, JsonElement? output = null) => new()
    {
        Name = name,
        Title = title,
        Description = description,
        InputSchema = input.Build(),
        OutputSchema = output,
        Annotations = new ToolAnnotations
        {
            Title = title,
            ReadOnlyHint = hints is Hints.ReadOnly,
            DestructiveHint = hints is Hints.Destructive,
            IdempotentHint = hints is Hints.Destructive or Hints.Idempotent or Hints.ReadOnly,
            OpenWorldHint = false,
        },
    };

    /// <summary>What a client may assume of a tool before it asks its user.</summary>
    protected enum Hints
    {
        None,
        ReadOnly,
        Idempotent,

        /// <summary>Destructive, but no worse when it is repeated.</summary>
        Destructive,
    }
}
