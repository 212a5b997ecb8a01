using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Podflare;

internal sealed record CreateBody(
    string? Template,
    double? TimeoutSeconds,
    double? IdleTimeoutSeconds,
    int? RamMib,
    int? RootfsGb,
    JsonNode? Egress,
    IReadOnlyDictionary<string, string>? Metadata,
    IReadOnlyDictionary<string, string>? Env);

/// <summary>Serializers generated at build time, so that nothing needs reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CreateBody))]
[JsonSerializable(typeof(RunBody))]
[JsonSerializable(typeof(StdinBody))]
[JsonSerializable(typeof(StdinAnswer))]
[JsonSerializable(typeof(ToolResultsBody))]
[JsonSerializable(typeof(SignalBody))]
[JsonSerializable(typeof(InterruptBody))]
[JsonSerializable(typeof(TerminalSizeBody))]
[JsonSerializable(typeof(RunPage))]
[JsonSerializable(typeof(ContextBody))]
[JsonSerializable(typeof(ContextInfo))]
[JsonSerializable(typeof(ContextList))]
[JsonSerializable(typeof(InterruptedRuns))]
[JsonSerializable(typeof(DirectoryBody))]
[JsonSerializable(typeof(MoveBody))]
[JsonSerializable(typeof(SandboxFileInfo))]
[JsonSerializable(typeof(ArchiveSummary))]
[JsonSerializable(typeof(SandboxInfo))]
[JsonSerializable(typeof(SandboxPage))]
[JsonSerializable(typeof(SandboxMetrics))]
[JsonSerializable(typeof(HostInfo))]
[JsonSerializable(typeof(HostList))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(TemplateList))]
[JsonSerializable(typeof(RunInfo))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(FileListing))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(RotateBody))]
[JsonSerializable(typeof(ApiKeyInfo))]
[JsonSerializable(typeof(NewApiKey))]
[JsonSerializable(typeof(KeyPage))]
[JsonSerializable(typeof(TenantLimits))]
[JsonSerializable(typeof(TenantInfo))]
[JsonSerializable(typeof(TenantPage))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(FeedPage))]
[JsonSerializable(typeof(WebhookBody))]
[JsonSerializable(typeof(TelemetrySettings))]
[JsonSerializable(typeof(TelemetryDestination))]
[JsonSerializable(typeof(TelemetryTest))]
[JsonSerializable(typeof(SandboxLogPage))]
[JsonSerializable(typeof(WebhookInfo))]
[JsonSerializable(typeof(NewWebhook))]
[JsonSerializable(typeof(WebhookList))]
[JsonSerializable(typeof(DeliveryList))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ClientJson : JsonSerializerContext;
