using Podflare.Audit;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>A key and its secret, which is shown once.</summary>
internal readonly record struct CreatedKey(KeyInfo Key, string Secret);

/// <summary>Manages keys for a caller: the own tenant's, and every tenant's for an administrator.</summary>
internal sealed class KeyManager(KeyTable keys, TenantDirectory tenants, IGrainFactory grains, TimeProvider time)
{
    public DateTimeOffset Now => time.GetUtcNow();

    /// <exception cref="ProblemException">403: another tenant, or a scope that the caller does not have.</exception>
    public async Task<CreatedKey> CreateAsync(Caller caller, AuditOrigin origin, CreateKeyRequest request, CancellationToken cancellationToken)
    {
        var tenant = Choose(caller, request.Tenant);
        GuardGrant(caller, request.Scopes);
        var (secret, key) = Draw(request.Name, request.Scopes, request.ExpiresAt);
        var grain = grains.GetGrain<ITenantGrain>(tenant.Value);
        var info = await CallAsync(tenant, async () =>
        {
            if (keys.IsInEnvironment(tenant)) await grain.Ensure(origin);
            return await grain.CreateKey(key, origin);
        }, cancellationToken);
        return new CreatedKey(info, secret);
    }

    /// <summary>The keys of a tenant, newest first; those of the environment come before all others.</summary>
    public async Task<IReadOnlyList<KeyInfo>> ListAsync(Caller caller, TenantId? wanted, CancellationToken cancellationToken)
    {
        var tenant = Choose(caller, wanted);
        var snapshot = await ReadAsync(tenant, cancellationToken);
        if (snapshot is null && !keys.IsInEnvironment(tenant)) throw new TenantNotFoundException();
        var stored = snapshot?.Keys.Select(key => key.Info).OrderByDescending(key => key.CreatedAt).ThenBy(key => key.Id.Value, StringComparer.Ordinal) ?? Enumerable.Empty<KeyInfo>();
        return [.. keys.OfEnvironment(tenant), .. stored];
    }

    /// <exception cref="ApiKeyNotFoundException">There is no such key, or it belongs to a tenant that the caller does not manage.</exception>
    public async Task<KeyInfo> FindAsync(Caller caller, KeyId id, CancellationToken cancellationToken)
    {
        if (id.IsFromEnvironment) return keys.Find(id)?.Info is { } known && (known.Tenant == caller.Tenant || IsAdmin(caller)) ? known : throw new ApiKeyNotFoundException();
        if (await FindInAsync(caller.Tenant, id, cancellationToken) is { } own) return own;
        if (!IsAdmin(caller)) throw new ApiKeyNotFoundException();

        // A key that was made a moment ago through another server may not be known here yet.
        if (keys.Find(id) is null) await tenants.RefreshAsync(cancellationToken);
        return keys.Find(id) is { } key && await FindInAsync(key.Info.Tenant, id, cancellationToken) is { } found ? found : throw new ApiKeyNotFoundException();
    }

    /// <exception cref="ProblemException">403: the key would get rights that the caller does not have. 409: the key is of the environment.</exception>
    public async Task<KeyInfo> UpdateAsync(Caller caller, AuditOrigin origin, KeyId id, KeyUpdate update, CancellationToken cancellationToken)
    {
        var key = await FindChangeableAsync(caller, id, cancellationToken);
        if (id == caller.Key) GuardNarrows(key, update);
        else GuardGrant(caller, key.Scopes | update.Scopes.GetValueOrDefault());
        return await CallAsync(key.Tenant, () => Grain(key).UpdateKey(id, update, origin), cancellationToken);
    }

    /// <summary>The new key has the rights of the old one, and lives as long from now as the old one did from its creation.</summary>
    /// <exception cref="ProblemException">403: the key has rights that the caller does not have. 409: the key is of the environment.</exception>
    public async Task<CreatedKey> RotateAsync(Caller caller, AuditOrigin origin, KeyId id, TimeSpan overlap, CancellationToken cancellationToken)
    {
        var key = await FindChangeableAsync(caller, id, cancellationToken);

        // The answer holds a secret that works like the old key's.
        if (id != caller.Key) GuardGrant(caller, key.Scopes);
        var (secret, replacement) = Draw(key.Name, key.Scopes, key.ExpiresAt is { } end ? Now + (end - key.CreatedAt) : null);
        var info = await CallAsync(key.Tenant, () => Grain(key).RotateKey(id, replacement, overlap, origin), cancellationToken);
        return new CreatedKey(info, secret);
    }

    /// <exception cref="ProblemException">409: the key is of the environment.</exception>
    public async Task RevokeAsync(Caller caller, AuditOrigin origin, KeyId id, CancellationToken cancellationToken)
    {
        var key = await FindChangeableAsync(caller, id, cancellationToken);
        await CallAsync(key.Tenant, async () =>
        {
            await Grain(key).RevokeKey(id, origin);
            return true;
        }, cancellationToken);
    }

    private async Task<KeyInfo> FindChangeableAsync(Caller caller, KeyId id, CancellationToken cancellationToken)
    {
        var key = await FindAsync(caller, id, cancellationToken);
        return id.IsFromEnvironment
            ? throw new ProblemException(new Problem(409, "key_from_environment", $"the key {id} is set in the environment of the server; change {EnvironmentKeys.Variable} or {EnvironmentKeys.AdminVariable} there"))
            : key;
    }

    private async Task<KeyInfo?> FindInAsync(TenantId tenant, KeyId id, CancellationToken cancellationToken) =>
        (await ReadAsync(tenant, cancellationToken))?.Keys.FirstOrDefault(key => key.Info.Id == id)?.Info;

    // From the grain, so that a change is seen at once, whichever server made it.
    private Task<TenantSnapshot?> ReadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ITenantGrain>(tenant.Value).Snapshot(), time, cancellationToken);

    private async Task<T> CallAsync<T>(TenantId tenant, Func<Task<T>> change, CancellationToken cancellationToken)
    {
        var result = await GrainCallRetry.RetryLostAsync(change, time, cancellationToken);
        await tenants.TryRefreshAsync(tenant, cancellationToken);
        return result;
    }

    private ITenantGrain Grain(KeyInfo key) => grains.GetGrain<ITenantGrain>(key.Tenant.Value);

    private static TenantId Choose(Caller caller, TenantId? wanted)
    {
        if (wanted is null || wanted == caller.Tenant) return caller.Tenant;
        return IsAdmin(caller) ? wanted.Value : throw new ProblemException(Problem.InsufficientScope(KeyScopes.Admin));
    }

    private static bool IsAdmin(Caller caller) => caller.Scopes.Allows(KeyScopes.Admin);

    private static void GuardGrant(Caller caller, KeyScopes scopes)
    {
        if (caller.Scopes.MayGrant(scopes)) return;
        throw new ProblemException(Problem.InsufficientScope(scopes) with { Error = "a key cannot grant scopes that it does not have", Detail = null });
    }

    private static void GuardNarrows(KeyInfo key, KeyUpdate update)
    {
        if (update.Scopes is { } scopes && !key.Scopes.Allows(scopes)) throw new ProblemException(Problem.InsufficientScope(scopes) with { Error = "a key cannot add to its own scopes" });
        if (update.ExpiresAt > (key.ExpiresAt ?? DateTimeOffset.MaxValue)) throw new ProblemException(Problem.InsufficientScope(KeyScopes.Admin) with { Error = "a key cannot extend its own life" });
    }

    private static (string Secret, NewKey Key) Draw(string name, KeyScopes scopes, DateTimeOffset? expiresAt)
    {
        var secret = KeySecret.New();
        return (secret, new NewKey(KeyId.New(), KeyHash.Of(secret), KeySecret.PrefixOf(secret), name, scopes, expiresAt));
    }
}
