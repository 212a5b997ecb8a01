using System.Globalization;
using System.Text.Json.Serialization;
using Podflare.Files;
using Podflare.Hosting;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>A sandbox as JSON shows it.</summary>
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
        info.Egress,
        Times.Rfc3339(info.CreatedAt),
        Times.Rfc3339(info.ExpiresAt),
        info.IdleLimit.TotalSeconds,
        info.EndedAt is { } ended ? Times.Rfc3339(ended) : null,
        info.EndReason?.ToString().ToLowerInvariant());

    /// <summary>With the address that clients pin to, where the server has one.</summary>
    public SandboxJson At(ServerSettings settings, Mount mount) =>
        this with { Region = settings.Region, Endpoint = settings.PublicUrl is { } url ? url + mount.Prefix : null };
}

/// <summary>One page of a list.</summary>
internal sealed record SandboxPageJson(IReadOnlyList<SandboxJson> Sandboxes, string? NextCursor)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>Times as the API writes them.</summary>
internal static class Times
{
    public static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SandboxJson))]
[JsonSerializable(typeof(SandboxPageJson))]
[JsonSerializable(typeof(RunJson))]
[JsonSerializable(typeof(FilePageJson))]
internal sealed partial class ApiJson : JsonSerializerContext;
