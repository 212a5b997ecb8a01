using System.ComponentModel.DataAnnotations;

namespace Podflare.Oidc;

/// <summary>Tokens of an OpenID Connect provider in place of API keys. Section <c>Podflare:Oidc</c>.</summary>
public sealed class OidcOptions : IValidatableObject
{
    public const string Section = "Podflare:Oidc";

    /// <summary>The configuration key of <see cref="Authority"/>.</summary>
    public const string AuthorityKey = $"{Section}:{nameof(Authority)}";

    /// <summary>Address of the provider, below which <c>.well-known/openid-configuration</c> is found; https, except on this machine. Default: none, so tokens are not accepted.</summary>
    public string? Authority { get; set; }

    /// <summary>What a token must name in its claim <c>aud</c>. Required with <see cref="Authority"/>. Default: none.</summary>
    public string? Audience { get; set; }

    /// <summary>The claim that names the tenant. Default: <c>podflare_tenant</c>.</summary>
    [Required, MinLength(1)]
    public string TenantClaim { get; set; } = "podflare_tenant";

    /// <summary>What precedes the names of scopes in the claim <c>scope</c> or <c>scp</c>, as in <c>podflare:sandboxes</c>. Default: <c>podflare:</c>.</summary>
    [Required(AllowEmptyStrings = true)]
    public string ScopePrefix { get; set; } = "podflare:";

    /// <summary>Time for which the result for a token is remembered, unless the token expires before, in seconds. Default: 60.</summary>
    [Range(0, 3_600)]
    public double CacheSeconds { get; set; } = 60;

    /// <summary>Tokens whose result is remembered. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int CacheEntries { get; set; } = 10_000;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrWhiteSpace(Authority)) yield break;
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            yield return new ValidationResult($"{Section}:{nameof(Authority)} must be an https address; http is accepted for this machine only.", [nameof(Authority)]);
        if (string.IsNullOrWhiteSpace(Audience)) yield return new ValidationResult($"{Section}:{nameof(Audience)} must be set together with {nameof(Authority)}.", [nameof(Audience)]);
    }
}
