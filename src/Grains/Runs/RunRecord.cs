using Podflare.Resources;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What is stored of a run. Neither its code nor its environment is.</summary>
/// <param name="Exit">The rendered <c>exit</c> line with its newline, once it is in the log; it outlives the events.</param>
/// <param name="LastSeq">The exit's <c>seq</c>.</param>
/// <param name="Trace">Its place in its trace.</param>
/// <param name="Keyless">
/// It was started without an idempotency key, so that nobody repeats it after its events have expired: its record expires with them.
/// </param>
/// <param name="Details">Null for plain code.</param>
/// <param name="Key">The API key that started it; null for callers without one.</param>
public sealed record RunRecord(
    RunId Id,
    string PayloadHash,
    RunLanguage Language,
    TimeSpan Timeout,
    OnDisconnect OnDisconnect,
    DateTimeOffset CreatedAt,
    string? Exit = null,
    long LastSeq = 0,
    RunEnding? Ending = null,
    RunTrace? Trace = null,
    bool Keyless = false,
    RunDetails? Details = null,
    string? Key = null)
{
    public bool Ended => Exit is not null;

    public RunKind Kind => Details?.Kind ?? RunKind.Code;

    public bool IsBinary => Details is { IsBinary: true };

    public bool HasTimeout => Timeout != RunRequest.NoTimeout;

    /// <summary>The open run keeps its sandbox from being idle, also where nobody reads it.</summary>
    public bool KeepsAlive => Kind is not RunKind.Background && (Details?.KeepAlive ?? HasTimeout);
}

/// <summary>How a run ended, according to its record.</summary>
/// <param name="Execution">Its number among the Python runs of its context.</param>
/// <param name="StateLost">True when this end destroyed the variables of its context.</param>
/// <param name="Signal">The signal that ended its process.</param>
/// <param name="Usage">What its container has used meanwhile; null where its guest did not report it.</param>
public sealed record RunEnding(
    int Code, ExitReason? Reason, DateTimeOffset? StartedAt, DateTimeOffset EndedAt, bool ReplRestarted, int? Execution = null, bool? StateLost = null,
    string? Signal = null, ResourceUsage? Usage = null);
