using System.Globalization;
using System.Text.Json.Serialization;
using Podflare.Files;
using Podflare.Http;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>The JSON representation of a sandbox.</summary>
internal sealed record SandboxJson(
    string Id,
    string State,
    string Template,
    IReadOnlyDictionary<string, string> Metadata,
    bool Egress,
    string CreatedAt,
    string ExpiresAt,
    double IdleTimeoutSeconds,
    string? EndedAt,
    string? EndedReason)
{
    /// <summary>The hosts that it may reach, unless it has general network access or none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? EgressAllow { get; init; }

    /// <summary>Names of the environment variables of the create, unless it had none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? EnvNames { get; init; }

    /// <summary>The trace that it belongs to, if it was created with a <c>traceparent</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Region { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Endpoint { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }

    public static SandboxJson Of(SandboxInfo info) => new(
        info.Id.Value,
        info.State.ToString().ToLowerInvariant(),
        info.Template,
        info.Metadata,
        info.Egress || !info.EgressHosts.IsDefaultOrEmpty,
        Timestamps.ToRfc3339(info.CreatedAt),
        Timestamps.ToRfc3339(info.ExpiresAt),
        info.IdleLimit.TotalSeconds,
        info.EndedAt is { } ended ? Timestamps.ToRfc3339(ended) : null,
        info.EndReason?.ToString().ToLowerInvariant())
    {
        EgressAllow = info.EgressHosts.IsDefaultOrEmpty ? null : info.EgressHosts,
        EnvNames = info.EnvNames.IsDefaultOrEmpty ? null : info.EnvNames,
        TraceId = info.Trace?.GetTraceId().ToString(),
    };

    /// <summary>
    /// Adds the region and the address that clients should use for this sandbox, when they are configured, and leaves out what the published clients do
    /// not expect on their mount.
    /// </summary>
    public SandboxJson For(ServerSettings settings, Mount mount) => this with
    {
        EnvNames = mount == Mount.Main ? EnvNames : null,
        TraceId = mount == Mount.Main ? TraceId : null,
        Region = settings.Region,
        Endpoint = settings.PublicUrl is { } url ? url + mount.Prefix : null,
    };
}

/// <summary>One page of the list of sandboxes.</summary>
internal sealed record SandboxPageJson(IReadOnlyList<SandboxJson> Sandboxes, string? NextCursor)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SandboxJson))]
[JsonSerializable(typeof(SandboxPageJson))]
internal sealed partial class SandboxJsonContext : JsonSerializerContext;
