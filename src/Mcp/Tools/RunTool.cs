using ModelContextProtocol.Protocol;

namespace Podflare.Mcp;

/// <summary>A tool that starts a run and waits for it.</summary>
internal abstract class RunTool(Tool description, RunCalls runs, McpSettings settings) : SandboxTool(description, settings)
{
    private const double DefaultTimeoutSeconds = 300;
    private const string NewSandbox = "Without it, a new sandbox is created, and the result names it.";

    /// <summary>Starts the run and waits as the call asks. Whether it has ended is in the report.</summary>
    public Task<RunReport> RunAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var arguments = call.Arguments;
        var program = ProgramOf(arguments) with
        {
            TimeoutSeconds = arguments.Number("timeout_seconds", DefaultTimeoutSeconds, 0.001, double.MaxValue),
            IdempotencyKey = call.IdempotencyKey,
            Trace = call.Trace,
        };
        return runs.RunAsync(arguments.SandboxOrNone, program, WaitOf(arguments, Settings), call.Progress, cancellationToken);
    }

    protected override async Task<CallToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken) => RunToolResult.Create(await RunAsync(call, cancellationToken), Settings);

    /// <summary>What the arguments say about the program itself.</summary>
    protected abstract RunProgram ProgramOf(ToolArguments arguments);

    protected static ToolSchema SandboxIn(ToolSchema schema) => schema.Sandbox(NewSandbox);

    protected static ToolSchema TimesIn(ToolSchema schema, McpSettings settings) => WaitIn(
        schema.Number("timeout_seconds", "Seconds after which the run is stopped.", DefaultTimeoutSeconds, 0.001), settings);

    public static ToolSchema WaitIn(ToolSchema schema, McpSettings settings) => schema.Number(
        "wait_seconds", "Seconds to wait for the end. If the run takes longer, the result says so, and read_run returns the rest.", settings.Wait.TotalSeconds, 0, settings.MaxWait.TotalSeconds);

    public static TimeSpan WaitOf(ToolArguments arguments, McpSettings settings) =>
        TimeSpan.FromSeconds(arguments.Number("wait_seconds", settings.Wait.TotalSeconds, 0, settings.MaxWait.TotalSeconds));
}

internal sealed class RunPythonTool(RunCalls runs, McpSettings settings) : RunTool(
    Describe(
        "run_python",
        "Run Python",
        "Runs Python code in a sandbox and returns its output, the value of the last expression, and figures. Variables and imports persist between calls with the same sandbox_id.",
        TimesIn(SandboxIn(new ToolSchema(settings).Text("code", "Python code. The value of the last expression is returned, as in a notebook."))
            .Text("context", "The interpreter to run in. Each context has variables of its own.", DefaultContext), settings),
        Hints.None,
        RunToolResult.OutputSchema),
    runs,
    settings)
{
    private const string DefaultContext = "python";

    protected override RunProgram ProgramOf(ToolArguments arguments)
    {
        var context = arguments.Text("context", DefaultContext);
        // Models that know other sandboxes write python_code.
        var code = arguments.Has("code") || !arguments.Has("python_code") ? arguments.Text("code") : arguments.Text("python_code");
        return new RunProgram { Code = code, Context = context is "" or DefaultContext ? null : context };
    }
}

internal sealed class RunBashTool(RunCalls runs, McpSettings settings) : RunTool(
    Describe(
        "run_bash",
        "Run a command",
        "Runs a bash command in a sandbox and returns its output. It starts at once, even while Python code is running, and shares the files, but not the variables.",
        TimesIn(SandboxIn(new ToolSchema(settings).Text("command", "The command line, for bash -c."))
            .Text("cwd", "The working directory, an absolute path.", "/root"), settings),
        Hints.None,
        RunToolResult.OutputSchema),
    runs,
    settings)
{
    protected override RunProgram ProgramOf(ToolArguments arguments) =>
        new() { Command = arguments.Text("command"), Cwd = arguments.Text("cwd", "") is { Length: > 0 } folder ? folder : null };
}
