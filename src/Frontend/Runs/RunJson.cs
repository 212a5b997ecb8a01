using System.Text.Json.Serialization;
using Podflare.Http;
using Podflare.Resources;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>The JSON representation of a run.</summary>
/// <param name="Language">Null for a run that is not code.</param>
/// <param name="TimeoutSeconds">Null for none.</param>
internal sealed record RunJson(
    string Id,
    string State,
    string? Language,
    double? TimeoutSeconds,
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
    public string Kind { get; init; } = "";

    /// <summary>Null for bash outside a context, and for all that is not code.</summary>
    public string? Context { get; init; }

    public string? Tag { get; init; }

    public int? ExecutionCount { get; init; }

    public bool StateLost { get; init; }

    /// <summary>The signal that ended the process.</summary>
    public string? Signal { get; init; }

    /// <summary>Bytes of standard input that the sandbox has accepted; null where it never was open.</summary>
    public long? StdinOffset { get; init; }

    /// <summary>What the sandbox has used meanwhile; null until the run has ended, and where that is not known.</summary>
    public RunUsageJson? Usage { get; init; }

    /// <summary>Calls of tools that wait for an answer. Absent for a run without tools, after its end, and while its worker has not heard from the sandbox.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? OpenToolCalls { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Pid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Argv { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cwd { get; init; }

    public static RunJson Of(RunInfo run) => new(
        run.Id.Value,
        run.State.ToString().ToLowerInvariant(),
        run.Kind is RunKind.Code ? run.Language.ToString().ToLowerInvariant() : null,
        run.Timeout == RunRequest.NoTimeout ? null : run.Timeout.TotalSeconds,
        Timestamps.ToRfc3339(run.CreatedAt),
        run.StartedAt is { } started ? Timestamps.ToRfc3339(started) : null,
        run.EndedAt is { } ended ? Timestamps.ToRfc3339(ended) : null,
        run.ExitCode,
        run.Reason?.ToString().ToLowerInvariant(),
        run.FirstSeq,
        run.LastSeq,
        run.ReplRestarted,
        run.TraceId)
    {
        Kind = run.Kind.ToString().ToLowerInvariant(),
        Context = run.Context,
        Tag = run.Tag,
        ExecutionCount = run.ExecutionCount,
        StateLost = run.StateLost,
        Signal = run.Signal,
        StdinOffset = run.StdinOffset,
        Usage = run.Usage is { } usage ? RunUsageJson.Of(usage) : null,
        OpenToolCalls = run.OpenToolCalls,
        Pid = run.Pid,
        Argv = run.Argv.IsDefaultOrEmpty ? null : run.Argv,
        Cwd = run.Cwd,
    };
}

/// <summary>One page of the list of runs.</summary>
internal sealed record RunPageJson(IReadOnlyList<RunJson> Runs, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunJson))]
[JsonSerializable(typeof(RunPageJson))]
[JsonSerializable(typeof(StdinJson))]
[JsonSerializable(typeof(ToolResultsJson))]
internal sealed partial class RunJsonContext : JsonSerializerContext;
