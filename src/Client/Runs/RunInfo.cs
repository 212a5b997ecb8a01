using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The server's description of a run.</summary>
/// <example>
/// <code>
/// var info = await sandbox.GetRun(runId).GetInfoAsync();
/// if (info.State == RunState.Ended) Console.WriteLine($"exit code {info.ExitCode}");
/// </code>
/// </example>
public sealed record RunInfo
{
    /// <summary>The run's ID.</summary>
    public required string Id { get; init; }

    /// <summary>The state of the run.</summary>
    public required RunState State { get; init; }

    /// <summary>What kind of run it is.</summary>
    public RunKind Kind { get; init; }

    /// <summary>The language: <c>python</c> or <c>bash</c>; null for a run that is not code.</summary>
    public string? Language { get; init; }

    /// <summary>The ID of the context that it runs in; null for bash without a context, and for a run that is not code.</summary>
    public string? Context { get; init; }

    /// <summary>The label that it was started with.</summary>
    public string? Tag { get; init; }

    /// <summary>The number of the run in its context, from 1.</summary>
    public int? ExecutionCount { get; init; }

    /// <summary>The time limit in seconds; null if it has none.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>When the server accepted the run.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When its code started; null while it is queued.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The exit code; null before the end. See <see cref="ExitEvent.Code"/>.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Why it ended; null if the code itself ended with <see cref="ExitCode"/>.</summary>
    public ExitReason? Reason { get; init; }

    /// <summary>The signal that ended the process, such as <c>SIGTERM</c>; null if no signal did.</summary>
    public string? Signal { get; init; }

    /// <summary>Whether its end destroyed the variables of its context.</summary>
    public bool StateLost { get; init; }

    /// <summary>The number of bytes of standard input that the sandbox has accepted; null if standard input was never open.</summary>
    public long? StdinOffset { get; init; }

    /// <summary>
    /// The IDs of the tool calls that wait for an answer. Null for a run without tools, after its end, and for a moment after the worker of the sandbox
    /// was restarted.
    /// </summary>
    public IReadOnlyList<string>? OpenToolCalls { get; init; }

    /// <summary>The process ID in the sandbox, while a process is open.</summary>
    [JsonPropertyName("pid")]
    public int? ProcessId { get; init; }

    /// <summary>The program and its arguments, while a process is open.</summary>
    [JsonPropertyName("argv")]
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>The working directory, while a process is open.</summary>
    [JsonPropertyName("cwd")]
    public string? WorkingDirectory { get; init; }

    /// <summary>The <c>seq</c> of the oldest event that is still stored.</summary>
    public long? FirstSeq { get; init; }

    /// <summary>The <c>seq</c> of the newest event; 0 before the first.</summary>
    public long LastSeq { get; init; }

    /// <summary>The trace that the run belongs to, 32 hex digits, if known.</summary>
    public string? TraceId { get; init; }

    /// <summary>Whether the run started in a new Python interpreter because the previous one had died.</summary>
    public bool ReplRestarted { get; init; }

    /// <summary>What the sandbox used while the run executed; null until the run has ended, and if the server does not know it.</summary>
    public RunUsage? Usage { get; init; }
}
