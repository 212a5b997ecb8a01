using System.Text.Json.Serialization;

namespace Podflare.Info;

/// <summary>What every caller may know of the server: never a count, and never a name of anything in it.</summary>
/// <param name="Auth"><c>keys</c> where callers need a key or token, else <c>none</c>.</param>
/// <param name="PublicUrl">The address that clients are asked to use.</param>
/// <param name="Links">Pages of this server, by name.</param>
/// <param name="Features">Parts of the API that this server offers, where not every version or server does.</param>
/// <param name="TraceLink">Address of a trace in the tracing backend, with <c>{trace_id}</c>.</param>
internal sealed record InfoJson(
    string Version, string Auth, string? Region, string? PublicUrl, string? StatusUrl, IReadOnlyDictionary<string, string> Links, IReadOnlyList<string> Features, string? TraceLink);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(InfoJson))]
internal sealed partial class InfoJsonContext : JsonSerializerContext;
