using Podflare.Secrets;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <summary>The secrets of one webhook, which are stored sealed.</summary>
internal sealed class WebhookSecrets(SecretBox box, TenantId tenant, WebhookId id)
{
    private readonly string _purpose = $"webhook {tenant.Value} {id.Value}";

    /// <exception cref="SecretKeyMissingException">The server has no key.</exception>
    public string Seal(string secret) => box.Seal(secret, _purpose);

    /// <summary>The secrets that sign now, the newest first; none when the current one cannot be opened.</summary>
    public IReadOnlyList<string> OpenAll(WebhookRecord record, DateTimeOffset now)
    {
        if (box.TryOpen(record.Secret, _purpose) is not { } current) return [];
        return record.OldSecret is { } old && record.OldSecretUntil > now && box.TryOpen(old, _purpose) is { } before ? [current, before] : [current];
    }
}
