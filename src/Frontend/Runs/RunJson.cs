using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>A run as JSON shows it.</summary>
internal sealed record RunJson(
    string Id,
    string State,
    string Language,
    double TimeoutSeconds,
    string CreatedAt,
    string? StartedAt,
    string? EndedAt,
    int? ExitCode,
    string? Reason,
    long? FirstSeq,
    long LastSeq,
    bool ReplRestarted,
    string? TraceId)
{
    public static RunJson Of(RunInfo run) => new(
        run.Id.Value,
        run.State.ToString().ToLowerInvariant(),
        run.Language.ToString().ToLowerInvariant(),
        run.Timeout.TotalSeconds,
        Times.Rfc3339(run.CreatedAt),
        run.StartedAt is { } started ? Times.Rfc3339(started) : null,
        run.EndedAt is { } ended ? Times.Rfc3339(ended) : null,
        run.ExitCode,
        run.Reason?.ToString().ToLowerInvariant(),
        run.FirstSeq,
        run.LastSeq,
        run.ReplRestarted,
        run.TraceId);
}
