using Podflare.Tenants;

namespace Podflare.Http;

/// <summary>The authenticated sender of a request. Handlers accept it as a parameter.</summary>
internal sealed record Caller(TenantId Tenant)
{
    /// <summary>Every caller of a server that has no API keys.</summary>
    public static readonly Caller Default = new(TenantId.Default);

    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult<Caller?>(context.Features.Get<Caller>());
}
