namespace Podflare;

/// <summary>What the server tells of a sandbox.</summary>
public sealed record SandboxInfo
{
    /// <summary>The sandbox's id: <c>sbx_</c> and 32 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary><c>ready</c>, <c>ending</c>, <c>ended</c> or <c>lost</c>.</summary>
    public required string State { get; init; }

    /// <summary>The template that it was made from.</summary>
    public string? Template { get; init; }

    // The generated reader passes null for what an answer does not have.

    /// <summary>Texts to find it by.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init => field = value ?? new Dictionary<string, string>(); } = new Dictionary<string, string>();

    /// <summary>Whether its code may reach the network.</summary>
    public bool Egress { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When it ends whatever it does.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Time without a run or file call after which it ends, in seconds.</summary>
    public double? IdleTimeoutSeconds { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended: <c>deleted</c>, <c>expired</c> or <c>idle</c>.</summary>
    public string? EndedReason { get; init; }

    /// <summary>Where it runs, if the server names a region.</summary>
    public string? Region { get; init; }

    /// <summary>The address for calls about it, if the server names one.</summary>
    public string? Endpoint { get; init; }

    /// <summary>What was accepted leniently, brought down to a limit, or is not offered.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}
