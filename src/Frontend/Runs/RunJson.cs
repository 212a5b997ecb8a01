using System.Text.Json.Serialization;
using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The JSON representation of a run.</summary>
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
        Timestamps.ToRfc3339(run.CreatedAt),
        run.StartedAt is { } started ? Timestamps.ToRfc3339(started) : null,
        run.EndedAt is { } ended ? Timestamps.ToRfc3339(ended) : null,
        run.ExitCode,
        run.Reason?.ToString().ToLowerInvariant(),
        run.FirstSeq,
        run.LastSeq,
        run.ReplRestarted,
        run.TraceId);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunJson))]
internal sealed partial class RunJsonContext : JsonSerializerContext;
