using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Oidc;

/// <summary>
/// Accepts tokens of an OpenID Connect provider. Checking a signature costs about a hundred times as much as looking up a key, so results are
/// remembered by the token's hash.
/// </summary>
internal sealed partial class OidcAuthenticator : ITokenAuthenticator
{
    private const int MaxToken = 16 * 1024;
    private const int RetryAfterSeconds = 1;

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    // A shared secret would let everybody who checks tokens make them.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly ConcurrentDictionary<(KeyHash Token, string? Audience), Known> _known = new();
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _provider;
    private readonly TokenValidationParameters _rules;
    private readonly OidcOptions _options;
    private readonly TenantDirectory _tenants;
    private readonly KeyTable _keys;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public OidcAuthenticator(IOptions<OidcOptions> options, TenantDirectory tenants, KeyTable keys, TimeProvider time, ILogger<OidcAuthenticator> logger)
    {
        (_options, _tenants, _keys, _time, _logger) = (options.Value, tenants, keys, time, logger);
        var authority = new Uri(_options.Authority!);
        _provider = new ConfigurationManager<OpenIdConnectConfiguration>(
            $"{authority.ToString().TrimEnd('/')}/.well-known/openid-configuration",
            new OpenIdConnectConfigurationRetriever(),
            new HttpDocumentRetriever { RequireHttps = authority.Scheme == Uri.UriSchemeHttps });
        _rules = new TokenValidationParameters
        {
            ConfigurationManager = _provider,
            ValidAudience = _options.Audience,
            ValidAlgorithms = Algorithms,
            ClockSkew = ClockSkew,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<Caller?> FindCallerAsync(string token, KeyHash hash, string? audience, CancellationToken cancellationToken)
    {
        if (token.Length > MaxToken) return null;
        if (!_known.TryGetValue((hash, audience), out var known) || known.Until <= _time.GetUtcNow())
        {
            if (await ValidateAsync(token, audience, cancellationToken) is not { } valid) return null;
            known = valid;
            Remember((hash, audience), known);
        }

        GuardTenant(known.Caller.Tenant);
        return known.Caller;
    }

    private async Task<Known?> ValidateAsync(string token, string? audience, CancellationToken cancellationToken)
    {
        await GuardProviderAsync(cancellationToken);
        var rules = audience is null ? _rules : _rules.Clone();
        if (audience is not null) rules.ValidAudience = audience;
        var result = await _handler.ValidateTokenAsync(token, rules).WaitAsync(cancellationToken);
        if (!result.IsValid) return null;
        var identity = result.ClaimsIdentity;
        if (!TenantId.TryParse(identity.FindFirst(_options.TenantClaim)?.Value, null, out var tenant)) throw UnknownTenant();
        var (issuer, subject) = (result.Issuer, identity.FindFirst(JwtRegisteredClaimNames.Sub)?.Value ?? "");
        var now = _time.GetUtcNow();
        var expires = new DateTimeOffset(DateTime.SpecifyKind(result.SecurityToken.ValidTo, DateTimeKind.Utc)) + ClockSkew;
        var until = now + TimeSpan.FromSeconds(_options.CacheSeconds);

        // Streams end with the token, as those of a key do.
        var ended = new CancellationTokenSource(expires > now ? TimeSpan.FromMilliseconds(Math.Min((expires - now).TotalMilliseconds, int.MaxValue)) : TimeSpan.Zero, _time);
        var caller = new Caller(tenant, null, ScopesOf(identity), AuditActor.Token(issuer, subject, tenant)) { Ended = ended.Token };
        return new Known(caller, until < expires ? until : expires);
    }

    // "scope" is one text with spaces (RFC 9068), "scp" a text or several claims, as other providers write it.
    private KeyScopes ScopesOf(ClaimsIdentity identity)
    {
        var scopes = KeyScopes.None;
        foreach (var name in identity.Claims.Where(claim => claim.Type is "scope" or "scp").SelectMany(claim => claim.Value.Split(' ')))
        {
            if (name.StartsWith(_options.ScopePrefix, StringComparison.Ordinal) && KeyScopes.TryParse(name[_options.ScopePrefix.Length..], out var scope)) scopes |= scope;
        }

        return scopes;
    }

    private void GuardTenant(TenantId tenant)
    {
        switch (_tenants.Find(tenant))
        {
            case null when !_keys.IsInEnvironment(tenant): throw UnknownTenant();
            case { State: TenantState.Deleted }: throw UnknownTenant();
            case { State: TenantState.Suspended }: throw new ProblemException(Problem.TenantSuspended);
            case not null when !_tenants.IsFresh(tenant): throw new StorageUnavailableException();
        }
    }

    private void Remember((KeyHash Token, string? Audience) key, Known known)
    {
        if (_known.Count >= _options.CacheEntries)
        {
            var now = _time.GetUtcNow();
            foreach (var (token, old) in _known)
                if (old.Until <= now) _known.TryRemove(token, out _);
            if (_known.Count >= _options.CacheEntries) _known.Clear();
        }

        _known[key] = known;
    }

    // Without the provider's keys every token would look wrong.
    private async Task GuardProviderAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _provider.GetConfigurationAsync(cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogProviderAway(e);
            throw new ProblemException(new Problem(503, "storage_unavailable", "the identity provider does not answer at the moment; retry the request") { RetryAfter = RetryAfterSeconds });
        }
    }

    private static ProblemException UnknownTenant() =>
        new(new Problem(403, "insufficient_scope", "the token does not name a tenant of this server"));

    [LoggerMessage(LogLevel.Warning, "The identity provider does not answer, so tokens cannot be checked.")]
    private partial void LogProviderAway(Exception exception);

    private sealed record Known(Caller Caller, DateTimeOffset Until);
}
