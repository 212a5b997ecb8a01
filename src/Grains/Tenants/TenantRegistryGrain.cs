using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Hosts;
using Podflare.Storage;

namespace Podflare.Tenants;

/// <inheritdoc cref="ITenantRegistryGrain"/>
[GrainType("tenants"), HostPlacement]
public sealed class TenantRegistryGrain([FromKeyedServices(Stores.Kept)] IGrainStorage kept, IGrainContext context, ILogger<TenantRegistryGrain> logger)
    : Grain, ITenantRegistryGrain
{
    private readonly GrainRecord<TenantRegistryRecord> _record = new(kept, "tenants", context.GrainId, logger);

    // What an activation counts, the next one does not know: then everybody reads everything again.
    private readonly Guid _epoch = Guid.NewGuid();
    private readonly Dictionary<TenantId, long> _changedAt = [];
    private HashSet<TenantId> _known = [];
    private long _counter = 1;

    public override Task OnActivateAsync(CancellationToken cancellationToken) => ReadAsync();

    public Task<TenantChanges> Changes(Guid epoch, long after)
    {
        var isKnown = epoch == _epoch && after > 0;
        var tenants = isKnown ? _changedAt.Where(change => change.Value > after).Select(change => change.Key).ToImmutableArray() : _record.Value.Tenants;
        return Task.FromResult(new TenantChanges(_epoch, _counter, tenants));
    }

    public async Task Add(TenantId tenant)
    {
        if (_known.Contains(tenant)) return;
        try
        {
            await _record.WriteAsync(new TenantRegistryRecord { Tenants = _record.Value.Tenants.Add(tenant) });
            _known.Add(tenant);
        }
        catch (InconsistentStateException)
        {
            // Another activation has written, or the answer to an earlier write was lost: what is stored counts.
            await ReadAsync();
            throw new StorageUnavailableException();
        }
    }

    public async Task Notify(TenantId tenant)
    {
        await Add(tenant);
        _changedAt[tenant] = ++_counter;
    }

    public Task<ImmutableArray<TenantId>> List() => Task.FromResult<ImmutableArray<TenantId>>([.. _record.Value.Tenants.OrderBy(tenant => tenant.Value, StringComparer.Ordinal)]);

    private async Task ReadAsync()
    {
        await _record.ReadAsync();
        _known = [.. _record.Value.Tenants];
    }
}
