using Podflare.Tenants;

namespace Podflare.Audit;

/// <summary>The caller who did it.</summary>
/// <param name="Type"><c>key</c>, <c>token</c> (an OpenID Connect token), <c>anonymous</c> (a server without authentication) or <c>system</c>.</param>
/// <param name="Id">The id of the key, or the subject of the token; null for the other types.</param>
/// <param name="Tenant">The tenant of the key or token.</param>
/// <param name="Issuer">The issuer of the token.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditActor")]
public sealed record AuditActor(
    [property: Id(0)] string Type, [property: Id(1)] string? Id = null, [property: Id(2)] TenantId? Tenant = null, [property: Id(3)] string? Issuer = null)
{
    private const int MaxLength = 256;
    private const string KeyType = "key";

    /// <summary>Podflare itself: nobody asked.</summary>
    public static AuditActor System { get; } = new("system");

    /// <summary>A caller of a server without authentication.</summary>
    public static AuditActor Anonymous { get; } = new("anonymous");

    public static AuditActor Key(string id, TenantId tenant) => new(KeyType, id, tenant);

    /// <summary>The id of its API key; null for an actor of another type.</summary>
    public string? ToKey() => Type == KeyType ? Id : null;

    /// <summary>Issuer and subject are cut to 256 characters.</summary>
    public static AuditActor Token(string issuer, string subject, TenantId tenant) =>
        new("token", AuditText.Clean(subject, MaxLength), tenant, AuditText.Clean(issuer, MaxLength));
}

/// <summary>What it was done to.</summary>
/// <param name="Type"><c>tenant</c>, <c>key</c>, <c>sandbox</c>, <c>webhook</c> or <c>telemetry</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditTarget")]
public sealed record AuditTarget([property: Id(0)] string Type, [property: Id(1)] string Id);

/// <summary>Where a request came from. <see cref="Of"/> makes it from what the client sent.</summary>
[GenerateSerializer, Immutable, Alias("podflare.AuditSource")]
public sealed record AuditSource([property: Id(0)] string? Address, [property: Id(1)] string? UserAgent)
{
    /// <summary>The longest user agent, in characters.</summary>
    public const int MaxUserAgent = 128;

    private const int MaxAddress = 64;

    /// <summary>The user agent is cut to 128 characters.</summary>
    public static AuditSource Of(string? address, string? userAgent) => new(AuditText.Clean(address, MaxAddress), AuditText.Clean(userAgent, MaxUserAgent));
}

/// <summary>A field before and after an act, each as JSON text without whitespace.</summary>
[GenerateSerializer, Immutable, Alias("podflare.AuditChange")]
public readonly record struct AuditChange([property: Id(0)] string Before, [property: Id(1)] string After)
{
    public static AuditChange Of(long? before, long? after) => new(CanonicalJson.Write(before), CanonicalJson.Write(after));

    public static AuditChange Of(string? before, string? after) => new(CanonicalJson.Write(before), CanonicalJson.Write(after));

    public static AuditChange Of(IEnumerable<string>? before, IEnumerable<string>? after) => new(CanonicalJson.Write(before), CanonicalJson.Write(after));
}
