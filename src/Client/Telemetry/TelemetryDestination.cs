namespace Podflare;

/// <summary>The tenant's own OpenTelemetry backend as it is to be. The server stores the values of headers encrypted.</summary>
public record TelemetrySettings
{
    /// <summary>The https address of an OTLP/HTTP receiver, without <c>/v1/traces</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Headers of every request, such as a key.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Of <c>traces</c>, <c>logs</c> and <c>metrics</c>; null for all.</summary>
    public IReadOnlyList<string>? Signals { get; init; }

    /// <summary>Whether code and output are sent as well, without secrets.</summary>
    public bool CaptureContent { get; init; }

    /// <summary>Regular expressions whose matches are replaced in code and output.</summary>
    public IReadOnlyList<string>? Redact { get; init; }
}

/// <summary>The tenant's own OpenTelemetry backend, and what the live workers have sent there since they use it.</summary>
public record TelemetryDestination
{
    /// <summary>Its address; null if the tenant has no destination.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The names of the headers. Their values are never shown.</summary>
    public IReadOnlyList<string> HeaderNames { get; init => field = value ?? []; } = [];

    /// <summary>What is sent.</summary>
    public IReadOnlyList<string> Signals { get; init => field = value ?? []; } = [];

    /// <summary>Whether code and output are sent as well.</summary>
    public bool CaptureContent { get; init; }

    /// <summary>Regular expressions whose matches are replaced in code and output.</summary>
    public IReadOnlyList<string> Redact { get; init => field = value ?? []; } = [];

    /// <summary>When it was set.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Spans, log records and metrics that it has accepted.</summary>
    public long Sent { get; init; }

    /// <summary>Those that it did not accept, or that were too many.</summary>
    public long Dropped { get; init; }

    /// <summary>What came of the last request that failed: a status code, <c>timeout</c>, <c>connect</c> or <c>address_refused</c>.</summary>
    public string? LastError { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>When a request last succeeded.</summary>
    public DateTimeOffset? LastSuccessAt { get; init; }

    /// <summary>After a change: what is not as it should be.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}

/// <summary>What came of a test.</summary>
public record TelemetryTest
{
    /// <summary>A status code, <c>timeout</c>, <c>connect</c>, <c>address_refused</c>, <c>sealed</c>, or <c>none</c> without a destination.</summary>
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>How long it took, in milliseconds.</summary>
    public double Ms { get; init; }
}
