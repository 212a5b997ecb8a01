using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Podflare.Secrets;
using Podflare.Tenants;

namespace Podflare.Destinations;

/// <summary>The headers of a destination, which are stored sealed.</summary>
internal static class DestinationHeaders
{
    /// <exception cref="SecretKeyMissingException">The server has no key.</exception>
    public static string Seal(SecretBox box, TenantId tenant, ImmutableSortedDictionary<string, string> headers) =>
        box.Seal(JsonSerializer.Serialize(headers.ToDictionary(), DestinationHeadersJson.Default.DictionaryStringString), Purpose(tenant));

    /// <returns>Null when they were sealed under another key.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>>? TryOpen(SecretBox box, TenantId tenant, string sealedHeaders) =>
        box.TryOpen(sealedHeaders, Purpose(tenant)) is { } json ? [.. JsonSerializer.Deserialize(json, DestinationHeadersJson.Default.DictionaryStringString)!] : null;

    private static string Purpose(TenantId tenant) => $"telemetry {tenant.Value}";
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class DestinationHeadersJson : JsonSerializerContext;
