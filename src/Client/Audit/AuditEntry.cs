using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare;

/// <summary>One entry of an audit log.</summary>
public sealed record AuditEntry
{
    /// <summary>The number of the entry. A tenant's entries are numbered without gaps, from 1.</summary>
    public required long Seq { get; init; }

    /// <summary>The entry's ID.</summary>
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>When it happened.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The ID of the tenant.</summary>
    public string Tenant { get; init => field = value ?? ""; } = "";

    /// <summary>What was done, such as <c>key.create</c> or <c>sandbox.end</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Who did it.</summary>
    public AuditParty Actor { get; init => field = value ?? new AuditParty(); } = new();

    /// <summary>What it was done to.</summary>
    public AuditParty Target { get; init => field = value ?? new AuditParty(); } = new();

    /// <summary>Why a sandbox ended.</summary>
    public string? Reason { get; init; }

    /// <summary>Where the request came from; null if there was none.</summary>
    public AuditSource? Source { get; init; }

    /// <summary>The trace of the request, 32 hex digits.</summary>
    public string? TraceId { get; init; }

    /// <summary>By field: an array of the value before and the value after.</summary>
    public IReadOnlyDictionary<string, JsonElement> Changes { get; init => field = value ?? new Dictionary<string, JsonElement>(); } = new Dictionary<string, JsonElement>();

    /// <summary>The hash of the entry before, 64 hex digits.</summary>
    public string Prev { get; init => field = value ?? ""; } = "";

    /// <summary>The hash of this entry, 64 hex digits.</summary>
    public string Hash { get; init => field = value ?? ""; } = "";

    /// <summary>The complete entry as the server sent it, which the hash was computed over.</summary>
    [JsonIgnore]
    public JsonElement Json { get; init; }

    /// <exception cref="PodflareProtocolException">The entry cannot be read.</exception>
    internal static AuditEntry Of(JsonElement json)
    {
        try
        {
            return json.Deserialize(ClientJson.Default.AuditEntry)! with { Json = json };
        }
        catch (JsonException e)
        {
            throw new PodflareProtocolException("An entry of the audit log cannot be read.", e);
        }
    }
}

/// <summary>Who acted, or what was acted on.</summary>
public sealed record AuditParty
{
    /// <summary>The kind, such as <c>key</c>, <c>sandbox</c> or <c>tenant</c>.</summary>
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>The ID; null if there is none.</summary>
    public string? Id { get; init; }

    /// <summary>The ID of the actor's tenant.</summary>
    public string? Tenant { get; init; }
}

/// <summary>Where a request came from.</summary>
public sealed record AuditSource
{
    /// <summary>The address of the caller.</summary>
    public string? Address { get; init; }

    /// <summary>The caller's <c>User-Agent</c>, at most 128 characters.</summary>
    public string? UserAgent { get; init; }
}

internal sealed record AuditPage
{
    public IReadOnlyList<JsonElement> Entries { get; init => field = value ?? []; } = [];

    public string? NextCursor { get; init; }
}
