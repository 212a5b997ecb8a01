using System.Globalization;

namespace Podflare;

/// <summary>
/// The tenants of a server. All members but <see cref="GetCurrentAsync"/> need a key with the scope <c>admin</c>; without it they throw
/// <see cref="InsufficientScopeException"/>.
/// </summary>
/// <example>
/// <code>
/// await client.Tenants.CreateAsync("acme", new TenantOptions { Limits = new TenantLimits { Sandboxes = 50 } });
/// </code>
/// </example>
public class TenantClient
{
    private const string Path = "v1/tenants";
    private readonly Transport? _transportOrNull;

    internal TenantClient(Transport transport) => _transportOrNull = transport;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected TenantClient()
    {
    }

    private Transport Transport => _transportOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Creates a tenant. It is not repeated if the answer is lost.</summary>
    /// <param name="tenantId">1 to 64 letters, digits, <c>-</c>, <c>_</c> or <c>.</c>.</param>
    /// <param name="options">What it is like; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="TenantExistsException">The ID is used, or was used.</exception>
    public virtual Task<TenantInfo> CreateAsync(string tenantId, TenantOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenantId);
        var body = (options ?? new TenantOptions()).ToJson(tenantId);
        return Transport.CallAsync(new ApiCall(HttpMethod.Post, Path) { Content = () => SandboxScope.Json(body), CanRetry = false }, ClientJson.Default.TenantInfo, cancellationToken);
    }

    /// <summary>Lists all tenants, in the order of their IDs.</summary>
    /// <param name="pageSize">The number of tenants per page, 1 to 1,000. Server default: 100.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public virtual IAsyncEnumerable<TenantInfo> ListAsync(int? pageSize = null, CancellationToken cancellationToken = default) => Paging.ListAsync<TenantInfo>(
        async (cursor, token) =>
        {
            var path = QueryPath.Of(Path, ("limit", pageSize?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor));
            var page = await Transport.CallAsync(new ApiCall(HttpMethod.Get, path), ClientJson.Default.TenantPage, token).ConfigureAwait(false);
            return (page.Tenants, page.NextCursor);
        },
        cancellationToken);

    /// <summary>Describes a tenant, with the limits that were set for it.</summary>
    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public virtual Task<TenantInfo> GetAsync(string tenantId, CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, PathOf(tenantId)), ClientJson.Default.TenantInfo, cancellationToken);

    /// <summary>Describes the tenant of this client's key, with the limits that are in effect and what it has in use. No scope is needed.</summary>
    public virtual Task<TenantInfo> GetCurrentAsync(CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, $"{Path}/current"), ClientJson.Default.TenantInfo, cancellationToken);

    /// <summary>Changes a tenant.</summary>
    /// <exception cref="ArgumentException">The update contradicts itself. Nothing was sent.</exception>
    /// <exception cref="TenantNotFoundException">It does not exist, or it is deleted.</exception>
    public virtual Task<TenantInfo> UpdateAsync(string tenantId, TenantUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        var body = update.ToJson();
        return Transport.CallAsync(new ApiCall(HttpMethod.Patch, PathOf(tenantId)) { Content = () => SandboxScope.Json(body) }, ClientJson.Default.TenantInfo, cancellationToken);
    }

    /// <summary>Deletes a tenant for good. Its keys end at once, its sandboxes shortly after; usage and audit log remain.</summary>
    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public virtual Task DeleteAsync(string tenantId, CancellationToken cancellationToken = default) => Transport.CallAsync(new ApiCall(HttpMethod.Delete, PathOf(tenantId)), cancellationToken);

    /// <summary>Lists the sandboxes of a tenant, newest first, without what the tenant has put into them.</summary>
    /// <param name="tenantId">The tenant's ID.</param>
    /// <param name="query">What to list; null lists all sandboxes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public virtual IAsyncEnumerable<SandboxInfo> ListSandboxesAsync(string tenantId, SandboxQuery? query = null, CancellationToken cancellationToken = default)
    {
        var path = $"{PathOf(tenantId)}/sandboxes";
        return Paging.ListAsync<SandboxInfo>(
            async (cursor, token) =>
            {
                var page = await Transport.CallAsync(new ApiCall(HttpMethod.Get, (query ?? new SandboxQuery()).ToPath(cursor, path)), ClientJson.Default.SandboxPage, token).ConfigureAwait(false);
                return (page.Sandboxes, page.NextCursor);
            },
            cancellationToken);
    }

    /// <summary>Ends a sandbox of a tenant.</summary>
    /// <exception cref="TenantNotFoundException">The tenant does not exist.</exception>
    /// <exception cref="SandboxNotFoundException">The tenant has no such sandbox.</exception>
    public virtual Task DeleteSandboxAsync(string tenantId, string sandboxId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(sandboxId);
        ArgumentChecks.NotAddress(sandboxId, nameof(sandboxId), "a sandbox ID");
        return Transport.CallAsync(new ApiCall(HttpMethod.Delete, $"{PathOf(tenantId)}/sandboxes/{ArgumentChecks.Segment(sandboxId, nameof(sandboxId))}"), cancellationToken);
    }

    private static string PathOf(string tenantId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenantId);
        return $"{Path}/{ArgumentChecks.Segment(tenantId, nameof(tenantId))}";
    }
}
