namespace Podflare;

/// <summary>A server as it describes itself to everybody.</summary>
public sealed record ServerInfo
{
    /// <summary>The version.</summary>
    public required string Version { get; init; }

    /// <summary>Whether callers need an API key or a token: <c>keys</c> or <c>none</c>.</summary>
    public required string Auth { get; init; }

    /// <summary>The region.</summary>
    public string? Region { get; init; }

    /// <summary>The address that clients are asked to use.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>The address of the status page.</summary>
    public string? StatusUrl { get; init; }

    /// <summary>Parts of the API that the server offers, where not every version or server does.</summary>
    public IReadOnlyList<string> Features { get; init => field = value ?? []; } = [];

    /// <summary>The address of a trace in the tracing backend, with <c>{trace_id}</c>.</summary>
    public string? TraceLink { get; init; }
}
