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
}
