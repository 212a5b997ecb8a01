using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Podflare.Guests;

internal sealed record HelloPayload(int? Version, string? Boot, ulong? First, int? Repl, HelloRunPayload?[]? Runs);

internal sealed record HelloRunPayload(string? Run, string? State, long? Started, ulong? Acknowledged = null);

internal sealed record ReadyPayload(int? Repl);

internal sealed record TakenPayload(string? State, bool? ReplRestarted);

internal sealed record RefusedPayload(string? Code, [property: JsonConverter(typeof(LenientStringConverter))] string? Detail);

internal sealed record EndPayload(int? Code, string? Reason, EndErrorPayload? Error, long? Started, bool? ReplRestarted);

internal sealed record EndErrorPayload(
    [property: JsonConverter(typeof(LenientStringConverter))] string? Name,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Value,
    [property: JsonConverter(typeof(LenientStringConverter))] string? Traceback);

internal sealed record EnvPayload(ImmutableSortedDictionary<string, string> Env);

internal sealed record RunPayload(
    string Run, string Language, long TimeoutMs, long GraceMs, ImmutableSortedDictionary<string, string> Env,
    [property: JsonPropertyName("traceparent"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceParent,
    [property: JsonPropertyName("tracestate"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceState,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Baggage);

internal sealed record InterruptPayload(string Run, long GraceMs);

/// <param name="Run">Null, written out, means all runs.</param>
internal sealed record KillPayload(string? Run, string Reason);

/// <summary>The JSON objects of the guest protocol; unknown keys are ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HelloPayload))]
[JsonSerializable(typeof(ReadyPayload))]
[JsonSerializable(typeof(TakenPayload))]
[JsonSerializable(typeof(RefusedPayload))]
[JsonSerializable(typeof(EndPayload))]
[JsonSerializable(typeof(EnvPayload))]
[JsonSerializable(typeof(RunPayload))]
[JsonSerializable(typeof(InterruptPayload))]
[JsonSerializable(typeof(KillPayload))]
[JsonSerializable(typeof(FileTask))]
[JsonSerializable(typeof(FileOpenedPayload))]
[JsonSerializable(typeof(FilePagePayload))]
internal sealed partial class GuestJson : JsonSerializerContext;
