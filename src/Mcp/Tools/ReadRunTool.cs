using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

internal sealed class ReadRunTool(RunCalls runs, McpSettings settings) : SandboxTool(
    Describe(
        "read_run",
        "Read a run",
        "Waits for a run that takes long, and returns its further output.",
        RunTool.WaitIn(
            new ToolSchema(settings).Sandbox().Text("run_id", "The id of the run, as its first result names it.")
                .Whole("after", "Returns what came after this event: the last_seq of the last result, or 0 for everything.", 0, 0),
            settings),
        Hints.ReadOnly,
        RunToolResult.OutputSchema),
    settings)
{
    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        var report = await runs.ReadAsync(
            arguments.Sandbox, arguments.Text("run_id"), arguments.Whole("after", 0, 0, long.MaxValue), RunTool.WaitOf(arguments, Settings), call.Progress, cancellationToken);
        return RunToolResult.Create(report, Settings);
    }
}

internal sealed class InterruptRunTool(ISandboxOperations operations, McpSettings settings) : SandboxTool(
    Describe(
        "interrupt_run",
        "Interrupt a run",
        "Interrupts a run, as Ctrl-C does. Variables are kept. read_run then returns how it ended.",
        new ToolSchema(settings).Sandbox().Text("run_id", "The id of the run."),
        Hints.Idempotent),
    settings)
{
    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (sandbox, run) = (call.Arguments.Sandbox, call.Arguments.Text("run_id"));
        await operations.InterruptRunAsync(sandbox, run, cancellationToken);
        return Say($"The run {run} is interrupted.");
    }
}
