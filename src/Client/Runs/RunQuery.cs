namespace Podflare;

/// <summary>A filter for the list of runs in a sandbox. The newest come first, and the last 256 are known.</summary>
/// <example>
/// <code>
/// await foreach (var run in sandbox.ListRunsAsync(new RunQuery { State = RunState.Running })) Console.WriteLine($"{run.Id} {run.Kind}");
/// </code>
/// </example>
public sealed record RunQuery
{
    /// <summary>Only runs of this kind.</summary>
    public RunKind? Kind { get; init; }

    /// <summary>Only runs in this state.</summary>
    public RunState? State { get; init; }

    /// <summary>Only runs of this context.</summary>
    public string? Context { get; init; }

    /// <summary>Only runs with this label.</summary>
    public string? Tag { get; init; }

    internal string ToPath(string? cursor)
    {
        if (Kind is RunKind.Unknown or RunKind.Background) throw new ArgumentException($"{nameof(Kind)} must be code, process or watch.");
        if (State is RunState.Unknown) throw new ArgumentException($"{nameof(State)} must be a known state.");
        var query = new (string Name, string? Value)[]
        {
            ("kind", Kind?.ToString().ToLowerInvariant()), ("state", State?.ToString().ToLowerInvariant()), ("context", Context), ("tag", Tag), ("cursor", cursor),
        };
        var set = query.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}").ToArray();
        return set.Length == 0 ? "runs" : $"runs?{string.Join('&', set)}";
    }
}

/// <summary>A page of the list of runs.</summary>
internal sealed record RunPage
{
    public IReadOnlyList<RunInfo> Runs { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
