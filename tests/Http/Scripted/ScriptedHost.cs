using System.Collections.Immutable;
using Podflare.Hosts;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Traffic;

namespace Podflare.Scripted;

[GrainType("host")]
public sealed class ScriptedHost(World world) : Grain, IHostGrain
{
    private HostScript Script => world.Host(this.GetPrimaryKeyString());

    public Task<SandboxId> Claim(TenantId tenant, SandboxSpec spec, TimeSpan wait, CancellationToken cancellationToken)
    {
        Script.Waits.Enqueue(wait);
        if (spec.Template == "unknown") throw new TemplateNotFoundException(spec.Template);
        return Script.Refusal is { } refusal ? throw refusal() : Task.FromResult(SandboxId.New(this.GetPrimaryKeyString()));
    }

    public Task<HostLoad> Load() => Script.LoadFailure is { } failure ? throw failure() : Task.FromResult(Script.Load);

    public Task<HostTraffic> GetTraffic(TenantId tenant) =>
        Script.LoadFailure is { } failure ? throw failure() : Task.FromResult(Script.Traffic.GetValueOrDefault(tenant.Value) ?? new HostTraffic(ImmutableDictionary<string, int>.Empty, 0, 0, []));

    public Task SetMode(HostMode mode)
    {
        if (Script.LoadFailure is { } failure) throw failure();
        Script.Load = Script.Load with { Mode = mode };
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<SandboxInfo>> List(TenantId tenant, SandboxFilter filter)
    {
        await Task.Delay(Script.ListDelay, TimeProvider.System);
        return [.. world.Sandboxes.Values.Select(state => state.Info)
            .Where(info => info.Id.Host == this.GetPrimaryKeyString() && info.Tenant == tenant && Matches(info, filter))
            .Order(filter.OldestFirst ? ListCursor.OldestFirst : ListCursor.NewestFirst)
            .Take(filter.Limit)];
    }

    public Task<SandboxCount> Count(TenantId tenant, SandboxFilter filter) => Script.LoadFailure is { } failure ? throw failure() : Task.FromResult(new SandboxCount(world.Sandboxes.Values
        .Count(state => state.Info.Id.Host == this.GetPrimaryKeyString() && state.Info.Tenant == tenant && Matches(state.Info, filter with { BeforeTime = null }))));

    public Task<HostHoldings> Holdings(TenantId tenant) => Task.FromResult(new HostHoldings(
        [.. world.Sandboxes.Values.Where(state => state.Info.Id.Host == this.GetPrimaryKeyString() && state.Info.Tenant == tenant).Select(state => new HostHolding(state.Info.Id, state.Info.Creation, 512))], []));

    public Task<LeasedContainer?> TakeLease(SandboxId sandbox) => Task.FromResult<LeasedContainer?>(null);

    public Task Report(SandboxInfo sandbox) => Task.CompletedTask;

    public Task Release(SandboxId sandbox, string containerId) => Task.CompletedTask;

    public Task<bool> Start() => Task.FromResult(true);

    public Task Retire(string silo) => Task.CompletedTask;

    private static bool Matches(SandboxInfo info, SandboxFilter filter) =>
        (filter.State is null ? info.EndedAt is null : info.State == filter.State)
        && filter.Metadata.All(pair => info.Metadata.GetValueOrDefault(pair.Key) == pair.Value)
        && (filter.Template is null || info.Template == filter.Template) && !(info.CreatedAt <= filter.CreatedAfter)
        && (filter.BeforeTime is not { } time || (filter.OldestFirst ? -1 : 1) * (info.CreatedAt.CompareTo(time) is var order and not 0 ? order : string.CompareOrdinal(info.Id.Value, filter.BeforeId)) < 0);
}

[GrainType("creation")]
public sealed class ScriptedCreation(World world) : Grain, ICreationGrain
{
    public Task<Creation> Create(TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        if (world.Creations.TryGetValue(key, out var known))
            return known.Payload == spec.PayloadHash() ? Task.FromResult(new Creation(known.Sandbox, true)) : throw new IdempotencyKeyReusedException();
        var sandbox = world.Sandboxes[world.Add(tenant, spec: spec).Value].Info;
        world.Creations[key] = (spec.PayloadHash(), sandbox);
        return Task.FromResult(new Creation(sandbox, false));
    }
}
