using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>The JSON of a <c>RUN</c>: plain code is written as for the first version of the protocol.</summary>
internal static class RunFrame
{
    public static RunPayload Payload(StartGuestRun run)
    {
        long? timeout = run.Timeout == RunRequest.NoTimeout ? null : RequestFrame.Milliseconds(run.Timeout);
        return new RunPayload(
            run.Run.Value, Language(run.Language), timeout, RequestFrame.Milliseconds(run.Grace), run.Env, run.TraceParent, run.TraceState, run.Baggage)
        {
            Kind = run.Kind is RunKind.Code ? null : run.Kind.ToString().ToLowerInvariant(),
            Context = run.Context,
            Fresh = Fresh(run.Fresh),
            Display = Display(run.Display),
            Columns = run.Columns ? true : null,
            Stdin = run.Stdin ? true : null,
            Argv = run.Process is { Argv: { IsEmpty: false } argv } ? [.. argv] : null,
            Cwd = run.Process?.Cwd,
            Pty = run.Process?.Terminal is { } size ? new TerminalPayload(size.Columns, size.Rows) : null,
            Path = run.Watch?.Path.Bytes,
            Recursive = run.Watch is { Recursive: true } ? true : null,
            Stderr = run.Output is { MergesStderr: true } ? "stdout" : null,
            Order = run.Output is { IsOrdered: true } ? "exact" : null,
            Encoding = run.Output is { IsBinary: true } ? "base64" : null,
            Tools = run.Tools is { } tools ? [.. tools.Tools.Definitions.Select(Tool)] : null,
            ToolTimeoutMs = run.Tools is { } limits ? RequestFrame.Milliseconds(limits.Timeout) : null,
            ToolLimits = run.Tools is { } bounds ? new ToolLimitsPayload(bounds.MaxOpen, bounds.MaxCalls, bounds.MaxBytes) : null,
        };
    }

    public static string Language(RunLanguage language) => language switch
    {
        RunLanguage.Python => "python",
        RunLanguage.Bash => "bash",
        _ => throw new ArgumentOutOfRangeException(nameof(language)),
    };

    private static ToolPayload Tool(ToolDefinition tool) =>
        new(tool.Name, tool.Description, tool.InputSchema is { } schema ? JsonElement.Parse(schema) : null);

    private static JsonValue? Fresh(FreshMode fresh) => fresh switch
    {
        FreshMode.None => null,
        FreshMode.Fresh => JsonValue.Create(true),
        _ => JsonValue.Create("alone"),
    };

    private static string? Display(DisplayPolicy display) => display switch
    {
        DisplayPolicy.None => null,
        DisplayPolicy.Last => "last",
        _ => "all",
    };
}
