using System.Text.Json.Serialization;
using Podflare.Containers;
using Podflare.Http;
using Podflare.Sandboxes;

namespace Podflare.E2b.Control;

/// <summary>A sandbox as a create or connect answers it, with its tokens.</summary>
internal sealed record OpenedSandbox(
    [property: JsonPropertyName("templateID")] string Template,
    [property: JsonPropertyName("sandboxID")] string Id,
    [property: JsonPropertyName("clientID")] string Client,
    string EnvdVersion,
    string EnvdAccessToken,
    string TrafficAccessToken,
    string? Domain)
{
    public static OpenedSandbox Of(SandboxInfo sandbox, SandboxAccess access, E2bOptions options) => new(
        sandbox.Template, PublicSandboxId.Of(sandbox.Id), SandboxView.ClientId, options.EnvdVersion, access.EnvdToken, access.TrafficToken, options.Domain);
}

/// <summary>A sandbox as lists and details show it.</summary>
/// <param name="Domain">Null for none; lists do not have it.</param>
internal sealed record SandboxView(
    [property: JsonPropertyName("templateID")] string Template,
    [property: JsonPropertyName("sandboxID")] string Id,
    [property: JsonPropertyName("clientID")] string Client,
    string StartedAt,
    string EndAt,
    int CpuCount,
    [property: JsonPropertyName("memoryMB")] int MemoryMib,
    [property: JsonPropertyName("diskSizeMB")] int DiskMib,
    string State,
    IReadOnlyDictionary<string, string> Metadata,
    string EnvdVersion,
    string? Domain)
{
    public const string ClientId = "podflare";

    private static readonly Template Unknown = new();

    public static SandboxView Of(SandboxInfo sandbox, TemplateOptions templates, E2bOptions options)
    {
        var template = templates.GetValueOrDefault(sandbox.Template) ?? Unknown;
        return new SandboxView(
            sandbox.Template, PublicSandboxId.Of(sandbox.Id), ClientId, Timestamps.ToRfc3339(sandbox.CreatedAt), Timestamps.ToRfc3339(sandbox.ExpiresAt),
            (int)Math.Max(1, Math.Ceiling(template.Cpus)), sandbox.MemoryMib > 0 ? sandbox.MemoryMib : template.MemoryMib, sandbox.HomeMib > 0 ? sandbox.HomeMib : template.HomeMib,
            "running", sandbox.Metadata, options.EnvdVersion, options.Domain);
    }
}

/// <summary>What a sandbox has used at one moment.</summary>
/// <param name="CpuUsedPct">Of one CPU, in percent.</param>
/// <param name="MemCache">Always 0: what programs have cached is not told apart.</param>
internal sealed record MetricView(string Timestamp, long TimestampUnix, int CpuCount, double CpuUsedPct, long MemUsed, long MemTotal, long MemCache, long DiskUsed, long DiskTotal);

/// <summary>What the service logged about a sandbox.</summary>
internal sealed record LogsView(IReadOnlyList<LogView> Logs);

internal sealed record LogView(string Timestamp, string Level, string Message, IReadOnlyDictionary<string, string> Fields);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OpenedSandbox))]
[JsonSerializable(typeof(SandboxView))]
[JsonSerializable(typeof(IReadOnlyList<SandboxView>))]
[JsonSerializable(typeof(IReadOnlyList<MetricView>))]
[JsonSerializable(typeof(LogsView))]
internal sealed partial class ControlJson : JsonSerializerContext;
