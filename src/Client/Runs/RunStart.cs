using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>What is needed to start a run.</summary>
/// <param name="Language">For the span of the call.</param>
internal sealed record RunStart(RunBody Body, string? IdempotencyKey, string? Language)
{
    public RunInput? Input { get; init; }

    public Action<SandboxRun>? OnStarted { get; init; }

    /// <summary>What the code may call; null for nothing.</summary>
    public IReadOnlyList<SandboxTool>? Tools { get; init; }
}

/// <summary>The body of an exec.</summary>
internal sealed record RunBody
{
    public string? Code { get; init; }

    public IReadOnlyList<string>? Argv { get; init; }

    public string? Command { get; init; }

    public WatchBody? Watch { get; init; }

    public string? Language { get; init; }

    public double? TimeoutSeconds { get; init; }

    public IReadOnlyDictionary<string, string>? Env { get; init; }

    public string? Context { get; init; }

    [JsonConverter(typeof(FreshInterpreterConverter))]
    public FreshInterpreter? Fresh { get; init; }

    public string? Display { get; init; }

    public bool? Columns { get; init; }

    public bool? Stdin { get; init; }

    public double? GraceSeconds { get; init; }

    public string? OnDisconnect { get; init; }

    public double? DisconnectSeconds { get; init; }

    public bool? KeepAlive { get; init; }

    public string? Tag { get; init; }

    public string? Cwd { get; init; }

    public TerminalSizeBody? Pty { get; init; }

    public string? Stderr { get; init; }

    public string? Order { get; init; }

    public string? Encoding { get; init; }

    public IReadOnlyList<ToolBody>? Tools { get; init; }

    public double? ToolTimeoutSeconds { get; init; }
}

internal sealed record WatchBody(string Path, bool Recursive);

internal sealed record TerminalSizeBody(int Cols, int Rows);
