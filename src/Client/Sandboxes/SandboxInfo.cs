namespace Podflare;

/// <summary>The server's description of a sandbox.</summary>
/// <example>
/// <code>
/// var info = await sandbox.GetInfoAsync();
/// if (info.State != SandboxState.Ready) Console.WriteLine($"{info.Id} is {info.State}: {info.EndedReason}");
/// </code>
/// </example>
public sealed record SandboxInfo
{
    /// <summary>The sandbox's ID: <c>sbx_</c> and 32 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The state of the sandbox.</summary>
    public required SandboxState State { get; init; }

    /// <summary>The template that it was created from.</summary>
    public string? Template { get; init; }

    // The generated reader passes null for a field that is missing.

    /// <summary>The metadata that it was created with.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init => field = value ?? new Dictionary<string, string>(); } = new Dictionary<string, string>();

    /// <summary>Whether code in the sandbox can access the network.</summary>
    public bool Egress { get; init; }

    /// <summary>The only hosts that code can access; empty if it was not created with a list of hosts.</summary>
    public IReadOnlyList<string> EgressAllow { get; init => field = value ?? []; } = [];

    /// <summary>The names of the environment variables that it was created with, at most 100. The server never shows their values.</summary>
    public IReadOnlyList<string> EnvNames { get; init => field = value ?? []; } = [];

    /// <summary>The trace that it belongs to; null if it was created without a <c>traceparent</c>.</summary>
    public string? TraceId { get; init; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When its lifetime ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The time in seconds after which it ends if it has no run and no file call.</summary>
    public double? IdleTimeoutSeconds { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended; null before.</summary>
    public SandboxEndReason? EndedReason { get; init; }

    /// <summary>The region that it runs in, if the server names one.</summary>
    public string? Region { get; init; }

    /// <summary>The address for calls about this sandbox, if the server names one.</summary>
    public string? Endpoint { get; init; }

    /// <summary>What the server changed or did not grant. Only the answer to a create has warnings.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}
