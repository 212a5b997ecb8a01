using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Podflare.Tenants;

namespace Podflare.Audit;

/// <summary>
/// What somebody did, as an entry of a tenant's audit log. It never holds code, output, environment variables, metadata, file names or secrets.
/// </summary>
/// <param name="Id">Names the act. An entry with an id that the log has already is not added again, so repeating an append is harmless.</param>
/// <param name="Tenant">The tenant whose log it belongs to.</param>
/// <param name="Action">One of <see cref="AuditAction"/>.</param>
/// <param name="Source">Where the request came from; null when nobody asked.</param>
/// <param name="TraceId">The trace of the request, 32 hex digits.</param>
/// <param name="Changes">The fields that changed, with their values before and after.</param>
/// <param name="Reason">Why a sandbox ended, such as <c>idle</c>.</param>
[GenerateSerializer, Immutable, Alias("podflare.AuditEntry")]
public sealed record AuditEntry(
    [property: Id(0)] string Id,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] TenantId Tenant,
    [property: Id(3)] string Action,
    [property: Id(4)] AuditActor Actor,
    [property: Id(5)] AuditTarget Target,
    [property: Id(6)] AuditSource? Source = null,
    [property: Id(7)] string? TraceId = null,
    [property: Id(8)] ImmutableSortedDictionary<string, AuditChange>? Changes = null,
    [property: Id(9)] string? Reason = null)
{
    private const string Prefix = "aud_";
    private const int Digits = 24;

    /// <summary>Draws an id for an act that is stored together with its entry.</summary>
    public static string NewId() => Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    /// <summary>The id of an act that may be reported several times, such as the end of a sandbox.</summary>
    public static string IdOf(string action, string target) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{action}\0{target}")))[..Digits];
}

/// <summary>The acts that the audit log knows.</summary>
public static class AuditAction
{
    public const string TenantCreate = "tenant.create";
    public const string TenantUpdate = "tenant.update";
    public const string TenantSuspend = "tenant.suspend";
    public const string TenantResume = "tenant.resume";
    public const string TenantDelete = "tenant.delete";
    public const string KeyCreate = "key.create";
    public const string KeyUpdate = "key.update";
    public const string KeyRotate = "key.rotate";
    public const string KeyRevoke = "key.revoke";
    public const string WebhookCreate = "webhook.create";
    public const string WebhookUpdate = "webhook.update";
    public const string WebhookRotate = "webhook.rotate";
    public const string WebhookDelete = "webhook.delete";
    public const string TelemetryUpdate = "telemetry.update";
    public const string SandboxCreate = "sandbox.create";
    public const string SandboxDelete = "sandbox.delete";

    /// <summary>A sandbox ended although nobody asked for it.</summary>
    public const string SandboxEnd = "sandbox.end";
}
