using Podflare.Runs;

namespace Podflare.Contexts;

/// <summary>What a context does.</summary>
[GenerateSerializer, Alias("podflare.ContextState")]
public enum ContextState
{
    /// <summary>It waits for a run.</summary>
    Idle,

    /// <summary>It executes a run.</summary>
    Busy,

    /// <summary>Its interpreter is starting.</summary>
    Starting,
}

/// <summary>A context: a persistent interpreter with a queue of runs.</summary>
/// <param name="Cwd">The folder in which its interpreter started.</param>
/// <param name="Run">The run that it executes; null for none.</param>
/// <param name="Queued">Runs that wait for it.</param>
/// <param name="ExecutionCount">Runs that it has accepted.</param>
[GenerateSerializer, Immutable, Alias("podflare.ContextInfo")]
public sealed record ContextInfo(
    [property: Id(0)] ContextId Id,
    [property: Id(1)] RunLanguage Language,
    [property: Id(2)] string Cwd,
    [property: Id(3)] ContextState State,
    [property: Id(4)] RunId? Run,
    [property: Id(5)] int Queued,
    [property: Id(6)] int ExecutionCount);

/// <summary>The outcome of a create.</summary>
/// <param name="Created">False when an equal context existed.</param>
[GenerateSerializer, Immutable, Alias("podflare.ContextCreation")]
public sealed record ContextCreation([property: Id(0)] ContextInfo Context, [property: Id(1)] bool Created);
