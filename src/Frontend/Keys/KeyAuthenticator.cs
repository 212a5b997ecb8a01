using System.Diagnostics;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>Finds out who sends a request.</summary>
/// <param name="tokens">Null where no identity provider is configured.</param>
internal sealed class KeyAuthenticator(
    AuthenticationSettings settings, KeyTable keys, TenantDirectory tenants, WrongKeyLimiter wrongKeys, TimeProvider time, ITokenAuthenticator? tokens = null)
{
    private const string Scheme = "Bearer ";
    private const int RetryAfterSeconds = 1;

    private static readonly TimeSpan LoadLimit = TimeSpan.FromSeconds(5);

    /// <summary>Callers need keys: because the environment says so, or because the store has tenants.</summary>
    public bool RequiresKeys => settings.Mode is AuthMode.Keys || settings.Mode is AuthMode.Development && !tenants.IsEmpty;

    /// <exception cref="ProblemException">The caller is not known or not allowed: 401, 403 or 429; or what is known of tenants is too old: 503.</exception>
    public ValueTask<Caller> AuthenticateAsync(HttpContext context)
    {
        if (settings.Mode is AuthMode.Disabled) return new ValueTask<Caller>(Caller.Default);
        if (!tenants.Loaded.IsCompleted) return WhenLoadedAsync(context);
        if (!RequiresKeys) return new ValueTask<Caller>(Caller.Default);
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || header.AsSpan(Scheme.Length).Trim() is not { Length: > 0 } secret)
            throw Unauthorized("missing_api_key", "missing Authorization: Bearer <key>", "this server requires an API key; send it in the header Authorization: Bearer <key>");
        var hash = default(KeyHash);
        var isMistyped = KeySecret.HasScheme(secret) && !KeySecret.IsWellFormed(secret);
        if (!isMistyped && keys.Find(hash = KeyHash.Of(secret)) is { } key) return new ValueTask<Caller>(Accept(key));
        if (tokens is not null && secret.Count('.') == 2) return AcceptTokenAsync(context, tokens, secret.ToString(), hash);
        return LookAgainAsync(context, hash, mayBeNew: !isMistyped && KeySecret.HasScheme(secret));
    }

    private Caller Accept(LiveKey key)
    {
        var now = time.GetUtcNow();
        switch (key.StateAt(now))
        {
            case KeyState.Expired: throw Invalid("expired");
            case KeyState.Revoked: throw Invalid("revoked");
        }

        var caller = key.Caller;
        GuardFresh(key, caller);
        switch (key.TenantState)
        {
            // A key of the environment cannot be revoked, and an administrator's must be able to resume its own tenant.
            case TenantState.Suspended or TenantState.Deleted when caller.Key is { IsFromEnvironment: true } && (caller.Scopes & KeyScopes.Admin) != 0: break;
            case TenantState.Deleted: throw Invalid("revoked");
            case TenantState.Suspended: throw new ProblemException(Problem.TenantSuspended);
        }

        key.MarkUsed(now);
        return caller;
    }

    // A key of the environment whose tenant nobody has created depends on nothing that the store knows.
    private void GuardFresh(LiveKey key, Caller caller)
    {
        if (key.Info.Id.IsFromEnvironment && tenants.Find(caller.Tenant) is null) return;
        if (!tenants.IsFresh(caller.Tenant)) throw new StorageUnavailableException();
    }

    // A key that was made a moment ago through another server is asked for once, so that its first use does not fail.
    private async ValueTask<Caller> LookAgainAsync(HttpContext context, KeyHash hash, bool mayBeNew)
    {
        if (!wrongKeys.TryFail(context.Connection.RemoteIpAddress))
            throw new ProblemException(new Problem(429, "rate_limited", "too many wrong API keys from this address") { RetryAfter = RetryAfterSeconds });
        if (mayBeNew)
        {
            var isUpToDate = await tenants.RefreshAsync(context.RequestAborted);
            if (keys.Find(hash) is { } key) return Accept(key);
            if (!isUpToDate || tenants.IsIncomplete) throw new StorageUnavailableException();
        }

        throw Invalid();
    }

    private async ValueTask<Caller> AcceptTokenAsync(HttpContext context, ITokenAuthenticator provider, string token, KeyHash hash) =>
        await provider.FindCallerAsync(token, hash, context.GetEndpoint()?.Metadata.GetMetadata<TokenAudience>()?.Value, context.RequestAborted) ?? await LookAgainAsync(context, hash, mayBeNew: false);

    // Whether this server needs keys, and which, depends on what the store has.
    private async ValueTask<Caller> WhenLoadedAsync(HttpContext context)
    {
        try
        {
            await tenants.Loaded.WaitAsync(LoadLimit, time, context.RequestAborted);
        }
        catch (TimeoutException)
        {
            throw new StorageUnavailableException();
        }

        return await AuthenticateAsync(context);
    }

    private static ProblemException Invalid(string? state = null) => Unauthorized(
        "invalid_api_key", "invalid api key", state is null ? "the API key is not one of this server's keys" : $"the API key is {state}");

    private static ProblemException Unauthorized(string code, string text, string detail)
    {
        // The "sampled" flag of an unauthenticated caller must not make the server export a span.
        if (Activity.Current is { } span) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        return new ProblemException(new Problem(401, code, text) { Detail = detail });
    }
}
