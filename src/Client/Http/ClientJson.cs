using System.Text.Json.Serialization;

namespace Podflare;

internal sealed record CreateBody(
    string? Template,
    double? TimeoutSeconds,
    double? IdleTimeoutSeconds,
    int? RamMib,
    int? RootfsGb,
    bool? Egress,
    IReadOnlyDictionary<string, string>? Metadata,
    IReadOnlyDictionary<string, string>? Env);

internal sealed record ExecBody(string Code, string Language, double? TimeoutSeconds, IReadOnlyDictionary<string, string>? Env);

/// <summary>Serializers generated at build time, so that nothing needs reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CreateBody))]
[JsonSerializable(typeof(ExecBody))]
[JsonSerializable(typeof(SandboxInfo))]
[JsonSerializable(typeof(SandboxPage))]
[JsonSerializable(typeof(RunInfo))]
[JsonSerializable(typeof(FileListing))]
internal sealed partial class ClientJson : JsonSerializerContext;
