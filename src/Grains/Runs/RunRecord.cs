using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What is stored of a run. Neither its code nor its environment is.</summary>
/// <param name="Exit">The rendered <c>exit</c> line with its newline, once it is in the log; it outlives the events.</param>
/// <param name="LastSeq">The exit's <c>seq</c>.</param>
/// <param name="Trace">Its place in its trace.</param>
/// <param name="Keyless">
/// It was started without an idempotency key, so that nobody repeats it after its events have expired: its record expires with them.
/// </param>
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
    bool Keyless = false)
{
    public bool Ended => Exit is not null;
}

/// <summary>How a run ended, according to its record.</summary>
public sealed record RunEnding(int Code, ExitReason? Reason, DateTimeOffset? StartedAt, DateTimeOffset EndedAt, bool ReplRestarted);
