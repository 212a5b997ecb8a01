using System.Collections.Immutable;

namespace Podflare.Destinations;

/// <summary>What a caller wants of its destination.</summary>
/// <param name="Endpoint">The address of an OTLP/HTTP receiver, without <c>/v1/traces</c>.</param>
/// <param name="Headers">Of every request, such as keys. They are stored sealed.</param>
/// <param name="Signals">Of <c>traces</c>, <c>logs</c> and <c>metrics</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.DestinationSpec")]
public sealed record DestinationSpec(
    [property: Id(0)] string Endpoint, [property: Id(1)] ImmutableSortedDictionary<string, string> Headers, [property: Id(2)] ImmutableArray<string> Signals)
{
    /// <summary>The code and the output of runs are sent as well.</summary>
    [Id(3)] public bool CaptureContent { get; init; }

    /// <summary>Regular expressions whose matches are replaced in them.</summary>
    [Id(4)] public ImmutableArray<string> Redact { get; init; } = [];
}

/// <summary>A destination as it is stored.</summary>
[GenerateSerializer, Immutable, Alias("podflare.StoredDestination")]
public sealed record StoredDestination
{
    [Id(0)] public string Endpoint { get; init; } = "";

    [Id(1)] public ImmutableArray<string> HeaderNames { get; init; } = [];

    /// <summary>The headers as JSON, sealed. It differs for every change, also where the headers are the same.</summary>
    [Id(2)] public string Headers { get; init; } = "";

    [Id(3)] public ImmutableArray<string> Signals { get; init; } = [];

    [Id(4)] public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The code and the output of runs are sent as well.</summary>
    [Id(5)] public bool CaptureContent { get; init; }

    /// <summary>Regular expressions whose matches are replaced in them.</summary>
    [Id(6)] public ImmutableArray<string> Redact { get; init; } = [];
}

/// <summary>A destination as its tenant sees it: without the values of headers.</summary>
[GenerateSerializer, Immutable, Alias("podflare.DestinationInfo")]
public sealed record DestinationInfo(
    [property: Id(0)] string Endpoint,
    [property: Id(1)] ImmutableArray<string> HeaderNames,
    [property: Id(2)] ImmutableArray<string> Signals,
    [property: Id(3)] DateTimeOffset UpdatedAt,
    [property: Id(4)] DestinationCounters Counters)
{
    [Id(5)] public bool CaptureContent { get; init; }

    [Id(6)] public ImmutableArray<string> Redact { get; init; } = [];
}

/// <summary>A destination after a change.</summary>
[GenerateSerializer, Immutable, Alias("podflare.DestinationChange")]
public sealed record DestinationChange([property: Id(0)] DestinationInfo Destination, [property: Id(1)] ImmutableArray<string> Warnings);

/// <summary>What was sent to a destination since its workers use it.</summary>
/// <param name="Sent">Spans, log records and metrics that it has accepted.</param>
/// <param name="Dropped">Those that were dropped.</param>
/// <param name="LastError">What came of the last request that failed: a status code, <c>timeout</c>, <c>connect</c> or <c>address_refused</c>; null for none.</param>
[GenerateSerializer, Immutable, Alias("podflare.DestinationCounters")]
public sealed record DestinationCounters(
    [property: Id(0)] long Sent, [property: Id(1)] long Dropped, [property: Id(2)] string? LastError, [property: Id(3)] DateTimeOffset? LastErrorAt, [property: Id(4)] DateTimeOffset? LastSuccessAt)
{
    public static readonly DestinationCounters None = new(0, 0, null, null, null);

    /// <summary>What two workers have sent.</summary>
    public static DestinationCounters operator +(DestinationCounters left, DestinationCounters right)
    {
        var last = (left.LastErrorAt ?? DateTimeOffset.MinValue) >= (right.LastErrorAt ?? DateTimeOffset.MinValue) ? left : right;
        var success = (left.LastSuccessAt ?? DateTimeOffset.MinValue) >= (right.LastSuccessAt ?? DateTimeOffset.MinValue) ? left.LastSuccessAt : right.LastSuccessAt;
        return new DestinationCounters(left.Sent + right.Sent, left.Dropped + right.Dropped, last.LastError, last.LastErrorAt, success);
    }
}

/// <summary>What came of a test.</summary>
/// <param name="Outcome">A status code, <c>timeout</c>, <c>connect</c>, <c>address_refused</c>, <c>sealed</c> for headers that this server cannot open, or <c>none</c> without a destination.</param>
[GenerateSerializer, Immutable, Alias("podflare.DestinationTest")]
public sealed record DestinationTest([property: Id(0)] string Outcome, [property: Id(1)] double Ms);
