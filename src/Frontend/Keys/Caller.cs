using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>Who sent the request. Handlers take it as a parameter.</summary>
internal sealed record Caller(TenantId Tenant)
{
    /// <summary>The caller where no keys are in use.</summary>
    public static readonly Caller Anybody = new(TenantId.Default);

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult<Caller?>(context.Features.Get<Caller>());
}
