using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

internal sealed class DeleteSandboxTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "delete_sandbox",
        "Delete a sandbox",
        "Deletes a sandbox with its variables, files and running code. Deleting it again succeeds.",
        new ToolSchema(settings).Sandbox(),
        Hints.Destructive),
    settings)
{
    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var sandbox = call.Arguments.Sandbox;
        await operations.DeleteSandboxAsync(sandbox, cancellationToken);
        return Say($"The sandbox {sandbox} is deleted.");
    }
}
