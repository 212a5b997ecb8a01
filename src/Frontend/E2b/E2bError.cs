using System.Text.Json.Serialization;

namespace Podflare.E2b;

/// <summary>An error body of E2B's control plane and file service. Clients decide by <paramref name="Code"/>.</summary>
/// <param name="Code">The status of the response.</param>
/// <param name="ErrorCode">What is wrong, as a word for programs; null for none.</param>
internal sealed record E2bError(int Code, string Message, [property: JsonPropertyName("error_code"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ErrorCode = null);

/// <summary>What E2B's proxy in front of sandboxes answers for a sandbox or port that cannot be reached.</summary>
internal sealed record ProxyError(
    string SandboxId, string Message, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Port, int Code);

/// <summary>An error of a remote procedure call.</summary>
/// <param name="Code">A word such as <c>not_found</c>.</param>
internal sealed record RpcError(string Code, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(E2bError))]
[JsonSerializable(typeof(ProxyError))]
[JsonSerializable(typeof(RpcError))]
internal sealed partial class E2bErrorJson : JsonSerializerContext;
