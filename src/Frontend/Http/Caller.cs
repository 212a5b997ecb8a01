using Podflare.Audit;
using Podflare.Keys;
using Podflare.Tenants;

namespace Podflare.Http;

/// <summary>The authenticated sender of a request. Handlers accept it as a parameter.</summary>
/// <param name="Key">Null without an API key: on a server without authentication, and for a token of an identity provider.</param>
/// <param name="Actor">As the audit log names the caller.</param>
internal sealed record Caller(TenantId Tenant, KeyId? Key, KeyScopes Scopes, AuditActor Actor)
{
    /// <summary>Every caller of a server without authentication.</summary>
    public static readonly Caller Default = new(TenantId.Default, null, KeyScopes.Read | KeyScopes.Sandboxes | KeyScopes.MetricsRead, AuditActor.Anonymous);

    /// <summary>Cancelled when the caller's key is revoked or expires. Streams are aborted then.</summary>
    public CancellationToken Ended { get; init; }

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult<Caller?>(context.Features.Get<Caller>());
}
