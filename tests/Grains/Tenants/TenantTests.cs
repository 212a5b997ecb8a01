using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Podflare.Audit;
using Podflare.Harness;
using Podflare.Keys;
using Podflare.Stores;

namespace Podflare.Tenants;

public sealed class TenantTests
{
    private const string Acme = "acme";
    private static readonly AuditOrigin Origin = new(AuditActor.Key("env_00000000", new TenantId("ops")));

    [Fact]
    public async Task A_change_reaches_every_process_in_about_a_second()
    {
        await using var cluster = await StartAsync(workers: 2, frontends: 2);
        var (tenant, key) = await CreateAsync(cluster);
        await Until.TrueAsync(() => Directories(cluster).All(directory => directory.Loaded.IsCompleted && StateOf(directory, key, cluster) == KeyState.Active));

        await tenant.RevokeKey(key, Origin);

        await Until.TrueAsync(() => Directories(cluster).All(directory => StateOf(directory, key, cluster) == KeyState.Revoked), TimeSpan.FromSeconds(5));
        Assert.All(Directories(cluster), directory => Assert.True(directory.IsFresh(new TenantId(Acme))));
    }

    [Fact]
    public async Task A_revocation_whose_worker_died_before_it_told_the_registry_is_told_by_the_next_activation()
    {
        await using var cluster = await StartAsync(workers: 2, frontends: 1);
        var (tenant, key) = await CreateAsync(cluster);
        var directory = Directories(cluster).First();
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Active);
        using var written = cluster.Storage.HoldAnswer(StorageOperation.Write, times: 1, about: subject => subject == "tenant/acme");
        var revocation = tenant.RevokeKey(key, Origin);
        await written.Reached.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.NotNull(cluster.Storage.Find<TenantRecord>("tenant", Acme)!.FindKey(key)!.RevokedAt);
        Assert.Equal(KeyState.Active, StateOf(directory, key, cluster));

        await WorkerOf(cluster, tenant).KillAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => revocation);
        await Patience.CallAsync(() => tenant.RevokeKey(key, Origin));
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Revoked);
    }

    [Fact]
    public async Task An_activation_tells_the_registry_what_the_last_one_may_not_have_told()
    {
        await using var cluster = await StartAsync(workers: 2, frontends: 1);
        var (tenant, key) = await CreateAsync(cluster);
        var directory = Directories(cluster).First();
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Active);
        using var written = cluster.Storage.HoldAnswer(StorageOperation.Write, times: 1, about: subject => subject == "tenant/acme");
        var revocation = tenant.RevokeKey(key, Origin);
        await written.Reached.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        await WorkerOf(cluster, tenant).KillAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => revocation);

        // Nobody repeats it; somebody only looks.
        await Patience.CallAsync(() => tenant.Snapshot());

        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Revoked);
    }

    [Fact]
    public async Task A_registry_that_has_moved_makes_everybody_read_everything_again()
    {
        await using var cluster = await StartAsync(workers: 2, frontends: 1);
        var (tenant, key) = await CreateAsync(cluster);
        var registry = cluster.Grains.GetGrain<ITenantRegistryGrain>(ITenantRegistryGrain.Key);
        var directory = Directories(cluster).First();
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Active);
        var before = await registry.Changes(Guid.Empty, 0);
        await WorkerOf(cluster, registry).KillAsync();
        await Patience.CallAsync(() => tenant.Update(new TenantUpdate("New name"), Origin));

        var after = await Patience.CallAsync(() => registry.Changes(before.Epoch, before.Counter));

        Assert.NotEqual(before.Epoch, after.Epoch);
        Assert.Equal([new TenantId(Acme)], after.Tenants);
        await Until.TrueAsync(() => directory.Find(new TenantId(Acme))!.Name == "New name");
        Assert.Empty((await registry.Changes(after.Epoch, (await registry.Changes(Guid.Empty, 0)).Counter)).Tenants);
    }

    [Fact]
    public async Task Without_the_store_keys_are_still_known_and_changes_are_refused()
    {
        await using var cluster = await StartAsync(workers: 1, frontends: 1);
        var (tenant, key) = await CreateAsync(cluster);
        var directory = Directories(cluster).First();
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Active);
        using (cluster.Storage.GoAway())
        {
            await Assert.ThrowsAsync<StorageUnavailableException>(() => tenant.RevokeKey(key, Origin));
            await cluster.Clock.AdvanceUntilAsync(() => true, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2));
            Assert.NotNull(await tenant.Snapshot());
            await Until.TrueAsync(() => directory.IsFresh(new TenantId(Acme)));
        }

        await Patience.CallAsync(() => tenant.RevokeKey(key, Origin));
        await Until.TrueAsync(() => StateOf(directory, key, cluster) == KeyState.Revoked);
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_counts_once()
    {
        await using var cluster = await StartAsync(workers: 1, frontends: 1);
        var (tenant, _) = await CreateAsync(cluster);
        var added = Draw("second");
        cluster.Storage.LoseAnswer(StorageOperation.Write, about: subject => subject == "tenant/acme");

        await Assert.ThrowsAsync<StorageUnavailableException>(() => tenant.CreateKey(added, Origin));
        var repeated = await Patience.CallAsync(() => tenant.CreateKey(added, Origin));

        Assert.Equal(added.Id, repeated.Id);
        var record = cluster.Storage.Find<TenantRecord>("tenant", Acme)!;
        Assert.Equal(2, record.Keys.Length);
        Assert.Equal((await tenant.Snapshot())!.Version, record.Version);
    }

    [Fact]
    public async Task When_keys_were_used_is_written_once_a_minute()
    {
        await using var cluster = await StartAsync(workers: 1, frontends: 1);
        var (tenant, key) = await CreateAsync(cluster);
        var version = (await tenant.Snapshot())!.Version;
        var first = cluster.Clock.GetUtcNow();
        await tenant.Touch(Uses(key, first));
        await Until.TrueAsync(() => cluster.Storage.Find<TenantRecord>("tenant", Acme)!.FindKey(key)!.LastUsedAt == first);

        await tenant.Touch(Uses(key, first.AddSeconds(10)));

        Assert.Equal(first.AddSeconds(10), (await tenant.Snapshot())!.Keys.Single().Info.LastUsedAt);
        Assert.Equal(first, cluster.Storage.Find<TenantRecord>("tenant", Acme)!.FindKey(key)!.LastUsedAt);
        await cluster.Clock.AdvanceUntilAsync(
            () => cluster.Storage.Find<TenantRecord>("tenant", Acme)!.FindKey(key)!.LastUsedAt == first.AddSeconds(10), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(3));
        Assert.Equal(version, (await tenant.Snapshot())!.Version);
    }

    [Fact]
    public async Task Deleting_a_tenant_ends_its_keys_and_its_sandboxes()
    {
        await using var cluster = await StartAsync(workers: 1, frontends: 1);
        var tenant = cluster.Grains.GetGrain<ITenantGrain>(GrainCluster.Tenant.Value);
        await tenant.Ensure(Origin);
        var key = await tenant.CreateKey(Draw("first"), Origin);
        var sandbox = await cluster.CreateAsync();

        await tenant.Delete(Origin);

        Assert.Equal(KeyState.Revoked, (await tenant.Snapshot())!.Keys.Single(entry => entry.Info.Id == key.Id).Info.StateAt(cluster.Clock.GetUtcNow()));
        await Until.TrueAsync(async () => (await sandbox.GetAsync()).EndReason is Sandboxes.EndReason.Deleted);
        await cluster.Clock.AdvanceUntilAsync(
            () => !cluster.Storage.Find<TenantRecord>("tenant", GrainCluster.Tenant.Value)!.EndsSandboxes, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        await tenant.Delete(Origin);
    }

    private static async Task<GrainCluster> StartAsync(int workers, int frontends)
    {
        var cluster = await GrainCluster.StartAsync(workers, frontends);
        cluster.KeepFromOtherTests();
        return cluster;
    }

    private static async Task<(ITenantGrain Tenant, KeyId Key)> CreateAsync(GrainCluster cluster)
    {
        var tenant = cluster.Grains.GetGrain<ITenantGrain>(Acme);
        await tenant.Create("Acme", TenantLimits.None, Origin);
        return (tenant, (await tenant.CreateKey(Draw("first"), Origin)).Id);
    }

    private static NewKey Draw(string name)
    {
        var secret = KeySecret.New();
        return new NewKey(KeyId.New(), KeyHash.Of(secret), KeySecret.PrefixOf(secret), name, KeyScopes.Sandboxes, null);
    }

    private static ImmutableDictionary<KeyId, DateTimeOffset> Uses(KeyId key, DateTimeOffset at) => ImmutableDictionary<KeyId, DateTimeOffset>.Empty.Add(key, at);

    private static IEnumerable<TenantDirectory> Directories(GrainCluster cluster) =>
        cluster.Frontends.Concat(cluster.Workers).Where(silo => silo.IsRunning).Select(silo => silo.Services.GetRequiredService<TenantDirectory>());

    private static KeyState? StateOf(TenantDirectory directory, KeyId key, GrainCluster cluster) =>
        directory.Find(new TenantId(Acme))?.Keys.FirstOrDefault(entry => entry.Info.Id == key)?.Info.StateAt(cluster.Clock.GetUtcNow());

    private static TestSilo WorkerOf(GrainCluster cluster, IAddressable grain)
    {
        var type = typeof(SiloLifecycleSubject).Assembly.GetType("Orleans.Runtime.ActivationDirectory")!;
        return cluster.Workers.Single(worker => worker.IsRunning && type.GetMethod("FindTarget")!.Invoke(worker.Services.GetRequiredService(type), [grain.GetGrainId()]) is not null);
    }
}
