using System.Text.Json.Serialization;
using Podflare.Http;

namespace Podflare.Destinations;

/// <summary>The JSON representation of a destination. Without one, the endpoint is null.</summary>
/// <param name="Warnings">After a change.</param>
internal sealed record DestinationJson(
    string? Endpoint,
    IReadOnlyList<string> HeaderNames,
    IReadOnlyList<string> Signals,
    bool CaptureContent,
    IReadOnlyList<string> Redact,
    string? UpdatedAt,
    long Sent,
    long Dropped,
    string? LastError,
    string? LastErrorAt,
    string? LastSuccessAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings)
{
    public static DestinationJson Of(DestinationInfo? destination, IReadOnlyList<string>? warnings)
    {
        var counters = destination?.Counters ?? DestinationCounters.None;
        return new DestinationJson(
            destination?.Endpoint, destination?.HeaderNames ?? [], destination?.Signals ?? [], destination?.CaptureContent ?? false, destination?.Redact ?? [], Text(destination?.UpdatedAt), counters.Sent, counters.Dropped, counters.LastError,
            Text(counters.LastErrorAt), Text(counters.LastSuccessAt), warnings);
    }

    private static string? Text(DateTimeOffset? time) => time is { } at ? Timestamps.ToRfc3339(at) : null;
}

internal sealed record DestinationTestJson(string Outcome, double Ms);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DestinationJson))]
[JsonSerializable(typeof(DestinationTestJson))]
internal sealed partial class DestinationJsonContext : JsonSerializerContext;
