using System.Collections.Immutable;
using Podflare.Resources;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>Where a run is in its life.</summary>
[GenerateSerializer, Alias("podflare.RunState")]
public enum RunState
{
    /// <summary>Accepted; the guest holds it behind other runs.</summary>
    Queued,

    /// <summary>Its code is executing.</summary>
    Running,

    /// <summary>Its <c>exit</c> event is in the log.</summary>
    Ended,
}

/// <summary>Why a run ended, where its exit code alone does not tell. Never guessed.</summary>
[GenerateSerializer, Alias("podflare.ExitReason")]
public enum ExitReason
{
    Timeout,
    Interrupted,
    Killed,
    Expired,
    Oom,
    Crashed,
    Lost,

    /// <summary>A record of a newer version names one that this version does not know.</summary>
    Unknown,
}

/// <summary>A run as <c>GET …/runs/{run}</c> shows it.</summary>
/// <param name="Timeout"><see cref="RunRequest.NoTimeout"/> for none.</param>
/// <param name="FirstSeq">Oldest event that can still be read; null while there is none.</param>
/// <param name="LastSeq">Newest event so far; 0 while there is none.</param>
/// <param name="ReplRestarted">The run started in a fresh REPL, because the one before it had died.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunInfo")]
public sealed record RunInfo(
    [property: Id(0)] RunId Id,
    [property: Id(1)] RunState State,
    [property: Id(2)] RunLanguage Language,
    [property: Id(3)] TimeSpan Timeout,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset? StartedAt,
    [property: Id(6)] DateTimeOffset? EndedAt,
    [property: Id(7)] int? ExitCode,
    [property: Id(8)] ExitReason? Reason,
    [property: Id(9)] long? FirstSeq,
    [property: Id(10)] long LastSeq,
    [property: Id(11)] bool ReplRestarted)
{
    /// <summary>The trace that it belongs to, 32 hex digits.</summary>
    [Id(12)]
    public string? TraceId { get; init; }

    /// <summary>Rendered bytes of its events that can still be read; an upper bound.</summary>
    [Id(13)]
    public long LogBytes { get; init; }

    [Id(14)]
    public RunKind Kind { get; init; }

    /// <summary>The context that executes its code. Null for bash outside a context, and for all other kinds.</summary>
    [Id(15)]
    public string? Context { get; init; }

    /// <summary>The caller's name for it.</summary>
    [Id(16)]
    public string? Tag { get; init; }

    /// <summary>Its number among the Python runs of its context; null for all others.</summary>
    [Id(17)]
    public int? ExecutionCount { get; init; }

    /// <summary>Its end destroyed the variables of its context.</summary>
    [Id(18)]
    public bool StateLost { get; init; }

    /// <summary>The signal that ended its process, such as <c>SIGTERM</c>.</summary>
    [Id(19)]
    public string? Signal { get; init; }

    /// <summary>Bytes of standard input that the sandbox has accepted, as far as this server knows; null where the run never had an open one.</summary>
    [Id(20)]
    public long? StdinOffset { get; init; }

    /// <summary>Id of its process in the sandbox, while that runs.</summary>
    [Id(21)]
    public int? Pid { get; init; }

    /// <summary>Program and arguments, while its process runs. Never stored.</summary>
    [Id(22)]
    public ImmutableArray<string> Argv { get; init; } = [];

    /// <summary>The folder in which its process started, while that runs. Never stored.</summary>
    [Id(23)]
    public string? Cwd { get; init; }

    /// <summary>Its process has a terminal.</summary>
    [Id(24)]
    public bool IsTerminal { get; init; }

    /// <summary>What its sandbox has used while it executed. Null until it has ended, for a run that never started, and where its sandbox did not report it.</summary>
    [Id(25)]
    public ResourceUsage? Usage { get; init; }

    /// <summary>
    /// Ids of the calls of tools that wait for an answer, oldest first. Null for a run without tools or that has ended, and until its sandbox has reported them to its worker.
    /// </summary>
    [Id(26)]
    public IReadOnlyList<string>? OpenToolCalls { get; init; }
}

/// <summary>The answer to <c>StartRun</c>: the guest holds the run, or it has ended already.</summary>
/// <param name="Joined">An earlier request with the same run id started it.</param>
/// <param name="ReplRestarted">Known at acceptance: the run will start in a fresh REPL.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunAccepted")]
public sealed record RunAccepted(
    [property: Id(0)] RunId Id,
    [property: Id(1)] bool Joined,
    [property: Id(2)] bool ReplRestarted)
{
    /// <summary>The trace that it belongs to.</summary>
    [Id(3)]
    public TraceBinding? Trace { get; init; }

    /// <summary>The <c>traceparent</c> that its code got: of the run's span where that is recorded.</summary>
    [Id(4)]
    public string? TraceParent { get; init; }

    /// <summary>Its number among the Python runs of its context; null for all others, and from an older guest.</summary>
    [Id(5)]
    public int? ExecutionCount { get; init; }
}
