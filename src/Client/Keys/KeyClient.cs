using System.Globalization;
using System.Text.Json;

namespace Podflare;

/// <summary>
/// The API keys of a tenant. All members but <see cref="GetCurrentAsync"/> need a key with the scope <c>keys</c>, and for another tenant <c>admin</c>;
/// without it they throw <see cref="InsufficientScopeException"/>.
/// </summary>
/// <example>
/// <code>
/// var key = await client.Keys.CreateAsync("ci");
/// Console.WriteLine(key.Secret);
/// </code>
/// </example>
public class KeyClient
{
    private const string Path = "v1/keys";
    private const string SecretPrefix = "pf_live_";
    private readonly Transport? _transportOrNull;

    internal KeyClient(Transport transport) => _transportOrNull = transport;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected KeyClient()
    {
    }

    private Transport Transport => _transportOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Creates a key. It is not repeated if the answer is lost: revoke the key that nobody has then.</summary>
    /// <param name="name">What it is for, 1 to 128 characters.</param>
    /// <param name="options">What it is like; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="InsufficientScopeException">The calling key does not have a scope that it would grant.</exception>
    /// <exception cref="KeyQuotaExceededException">The tenant has as many keys as it may have.</exception>
    /// <exception cref="TenantNotFoundException">The tenant does not exist.</exception>
    public virtual Task<NewApiKey> CreateAsync(string name, ApiKeyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        options ??= new ApiKeyOptions();
        var body = new KeyBody(name, options.Scopes, ArgumentChecks.Seconds(options.Lifetime, nameof(ApiKeyOptions.Lifetime)), options.Tenant);
        return Transport.CallAsync(Call(HttpMethod.Post, Path, JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.KeyBody)) with { CanRetry = false }, ClientJson.Default.NewApiKey, cancellationToken);
    }

    /// <summary>Lists keys: those of the server's environment, then the others, newest first. Ended keys are listed for 90 days.</summary>
    /// <exception cref="TenantNotFoundException">The tenant does not exist.</exception>
    public virtual IAsyncEnumerable<ApiKeyInfo> ListAsync(ApiKeyQuery? query = null, CancellationToken cancellationToken = default)
    {
        query ??= new ApiKeyQuery();
        var state = query.State is { } known ? ArgumentChecks.Word(known, nameof(ApiKeyQuery.State)) : null;
        return Paging.ListAsync<ApiKeyInfo>(
            async (cursor, token) =>
            {
                var path = QueryPath.Of(Path, ("tenant", query.Tenant), ("state", state), ("limit", query.PageSize?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor));
                var page = await Transport.CallAsync(new ApiCall(HttpMethod.Get, path), ClientJson.Default.KeyPage, token).ConfigureAwait(false);
                return (page.Keys, page.NextCursor);
            },
            cancellationToken);
    }

    /// <summary>Describes a key.</summary>
    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it belongs to another tenant.</exception>
    public virtual Task<ApiKeyInfo> GetAsync(string keyId, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, PathOf(keyId)), ClientJson.Default.ApiKeyInfo, cancellationToken);

    /// <summary>Describes the key of this client. No scope is needed.</summary>
    /// <exception cref="ApiKeyNotFoundException">The server has no authentication, or the caller has a token in place of a key.</exception>
    public virtual Task<ApiKeyInfo> GetCurrentAsync(CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, $"{Path}/current"), ClientJson.Default.ApiKeyInfo, cancellationToken);

    /// <summary>Changes a key.</summary>
    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it has ended.</exception>
    /// <exception cref="KeyFromEnvironmentException">The key is set in the environment of the server.</exception>
    public virtual Task<ApiKeyInfo> UpdateAsync(string keyId, ApiKeyUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        var body = new KeyBody(update.Name, update.Scopes, ArgumentChecks.Seconds(update.Lifetime, nameof(ApiKeyUpdate.Lifetime)), null);
        return Transport.CallAsync(Call(HttpMethod.Patch, PathOf(keyId), JsonSerializer.SerializeToUtf8Bytes(body, ClientJson.Default.KeyBody)), ClientJson.Default.ApiKeyInfo, cancellationToken);
    }

    /// <summary>Replaces a key by a new one with the same rights and length of life. It is not repeated if the answer is lost.</summary>
    /// <param name="keyId">The ID of the old key.</param>
    /// <param name="overlap">The time for which the old key still works, 0 to 30 days. Default: 24 hours.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it has ended.</exception>
    /// <exception cref="KeyFromEnvironmentException">The key is set in the environment of the server.</exception>
    public virtual Task<NewApiKey> RotateAsync(string keyId, TimeSpan? overlap = null, CancellationToken cancellationToken = default)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new RotateBody(ArgumentChecks.SecondsOrZero(overlap, nameof(overlap))), ClientJson.Default.RotateBody);
        return Transport.CallAsync(Call(HttpMethod.Post, $"{PathOf(keyId)}/rotate", body) with { CanRetry = false }, ClientJson.Default.NewApiKey, cancellationToken);
    }

    /// <summary>Ends a key. Every server refuses it about a second later, and aborts its open streams. Repeating it is harmless.</summary>
    /// <exception cref="ApiKeyNotFoundException">There is no such key.</exception>
    /// <exception cref="KeyFromEnvironmentException">The key is set in the environment of the server.</exception>
    public virtual Task RevokeAsync(string keyId, CancellationToken cancellationToken = default) => Transport.CallAsync(new ApiCall(HttpMethod.Delete, PathOf(keyId)), cancellationToken);

    private static ApiCall Call(HttpMethod method, string path, byte[] body) => new(method, path) { Content = () => SandboxScope.Json(body) };

    private static string PathOf(string keyId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(keyId);
        // Servers and proxies log URLs.
        if (keyId.StartsWith(SecretPrefix, StringComparison.Ordinal)) throw new ArgumentException("Expected the ID of a key, not its secret.", nameof(keyId));
        return $"{Path}/{ArgumentChecks.Segment(keyId, nameof(keyId))}";
    }
}
