using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>The state of a context.</summary>
[JsonConverter(typeof(WireEnumConverter<ContextState>))]
public enum ContextState
{
    /// <summary>A state that this version does not know.</summary>
    Unknown,

    /// <summary>It waits for code.</summary>
    Idle,

    /// <summary>Code is running.</summary>
    Busy,

    /// <summary>Its interpreter is starting.</summary>
    Starting,
}

/// <summary>The server's description of a context.</summary>
public sealed record ContextInfo
{
    /// <summary>The context's ID.</summary>
    public required string Id { get; init; }

    /// <summary>The language: <c>python</c> or <c>bash</c>.</summary>
    public string? Language { get; init; }

    /// <summary>The working directory that it was created with.</summary>
    [JsonPropertyName("cwd")]
    public string? WorkingDirectory { get; init; }

    /// <summary>The state of the context.</summary>
    public ContextState State { get; init; }

    /// <summary>The ID of the run whose code is running; null if none is.</summary>
    [JsonPropertyName("run")]
    public string? RunId { get; init; }

    /// <summary>The number of runs that wait.</summary>
    public int Queued { get; init; }

    /// <summary>The number of runs so far.</summary>
    public int ExecutionCount { get; init; }
}

internal sealed record ContextList
{
    public IReadOnlyList<ContextInfo> Contexts { get; init => field = value ?? []; } = [];
}

internal sealed record InterruptedRuns
{
    public IReadOnlyList<string> Runs { get; init => field = value ?? []; } = [];
}
