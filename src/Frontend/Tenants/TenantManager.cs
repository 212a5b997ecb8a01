using System.Collections.Immutable;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Keys;

namespace Podflare.Tenants;

/// <summary>Manages tenants for an administrator.</summary>
internal sealed class TenantManager(KeyTable keys, TenantDirectory directory, IGrainFactory grains, TimeProvider time)
{
    // Two administrators who change one tenant at the same time.
    private const int MaxAttempts = 3;

    public Task<TenantSnapshot> CreateAsync(AuditOrigin origin, CreateTenantRequest request, CancellationToken cancellationToken) =>
        CallAsync(request.Id, () => Grain(request.Id).Create(request.Name, request.Limits, origin), cancellationToken);

    /// <summary>All ids after one, in order, and the tenants of one page.</summary>
    /// <returns>The page, and whether there are more.</returns>
    public async Task<(IReadOnlyList<TenantSnapshot> Page, string? Next)> ListAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        var all = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ITenantRegistryGrain>(ITenantRegistryGrain.Key).List(), time, cancellationToken);
        ImmutableArray<TenantId> rest = after is null ? all : [.. all.SkipWhile(tenant => string.CompareOrdinal(tenant.Value, after) <= 0)];
        var page = await Task.WhenAll(rest.Take(limit).Select(tenant => ReadAsync(tenant, cancellationToken)));
        return ([.. page.OfType<TenantSnapshot>()], rest.Length > limit ? rest[limit - 1].Value : null);
    }

    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public async Task<TenantSnapshot> GetAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await ReadAsync(tenant, cancellationToken) ?? (keys.IsInEnvironment(tenant) ? WithoutRecord(tenant) : throw new TenantNotFoundException());

    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public async Task<TenantSnapshot> UpdateAsync(TenantId tenant, AuditOrigin origin, UpdateTenantRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await CallAsync(tenant, () => UpdateOnceAsync(tenant, origin, request), cancellationToken);
            }
            catch (TenantChangedException) when (attempt < MaxAttempts)
            {
                // It is read again.
            }
        }
    }

    /// <exception cref="TenantNotFoundException">It does not exist.</exception>
    public Task DeleteAsync(TenantId tenant, AuditOrigin origin, CancellationToken cancellationToken) => CallAsync(tenant, async () =>
    {
        await EnsureAsync(tenant, origin);
        await Grain(tenant).Delete(origin);
        return true;
    }, cancellationToken);

    /// <summary>A tenant that only the environment of the server names.</summary>
    public static TenantSnapshot WithoutRecord(TenantId tenant) => new(tenant, tenant.Value, TenantState.Active, TenantLimits.None, [], 0, default);

    private async Task<TenantSnapshot> UpdateOnceAsync(TenantId tenant, AuditOrigin origin, UpdateTenantRequest request)
    {
        await EnsureAsync(tenant, origin);
        var update = new TenantUpdate(request.Name, null, request.State, request.EndSandboxes);
        if (request.Limits is { } change)
        {
            var known = await Grain(tenant).Snapshot() ?? throw new TenantNotFoundException();
            update = update with { Limits = change(known.Limits), ExpectedVersion = known.Version };
        }

        return await Grain(tenant).Update(update, origin);
    }

    private Task EnsureAsync(TenantId tenant, AuditOrigin origin) => keys.IsInEnvironment(tenant) ? Grain(tenant).Ensure(origin) : Task.CompletedTask;

    private Task<TenantSnapshot?> ReadAsync(TenantId tenant, CancellationToken cancellationToken) =>
        GrainCallRetry.RetryLostAsync(() => Grain(tenant).Snapshot(), time, cancellationToken);

    private async Task<T> CallAsync<T>(TenantId tenant, Func<Task<T>> change, CancellationToken cancellationToken)
    {
        var result = await GrainCallRetry.RetryLostAsync(change, time, cancellationToken);
        await directory.TryRefreshAsync(tenant, cancellationToken);
        return result;
    }

    private ITenantGrain Grain(TenantId tenant) => grains.GetGrain<ITenantGrain>(tenant.Value);
}
