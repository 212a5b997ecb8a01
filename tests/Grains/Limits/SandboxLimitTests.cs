using Podflare.Engine;
using Podflare.Harness;
using Podflare.Hosts;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Sandboxes of a tenant and their memory, counted exactly whatever happens.</summary>
public sealed class SandboxLimitTests
{
    [Fact]
    public async Task Of_many_creates_at_the_same_time_as_many_succeed_as_the_tenant_may_have()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 5);

        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => TryCreateAsync(cluster)));

        Assert.Equal(5, made.Count(sandbox => sandbox is not null));
        Assert.Equal(5, (await cluster.ListAsync()).Count);
        var e = await Assert.ThrowsAsync<SandboxQuotaExceededException>(() => cluster.CreateAsync());
        Assert.Equal((SandboxQuota.Sandboxes, 5), (e.Quota, e.Limit));
        await made.OfType<TestSandbox>().First().DeleteAsync();
        Assert.NotNull(await cluster.CreateAsync());
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_memory_of_all_sandboxes_is_limited()
    {
        await using var cluster = await StartAsync(limits => limits.MemoryMib = 1_100);
        await cluster.CreateAsync();
        await cluster.CreateAsync();

        var e = await Assert.ThrowsAsync<SandboxQuotaExceededException>(() => cluster.CreateAsync());

        Assert.Equal((SandboxQuota.Memory, 1_100), (e.Quota, e.Limit));
        Assert.Equal(new TenantUse(2, 1_024), await TenantOf(cluster).InUse());
    }

    [Fact]
    public async Task A_create_that_is_repeated_counts_once()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 2);
        using (cluster.Storage.LoseAnswer(Stores.StorageOperation.Write, about: key => key.StartsWith("sandbox/", StringComparison.Ordinal)))
        {
            await cluster.CreateAsync("key");
        }

        await cluster.CreateAsync("key");
        await TenantOf(cluster).Reserve("mine", 512);
        await TenantOf(cluster).Reserve("mine", 512);

        Assert.Equal(2, (await TenantOf(cluster).InUse()).Sandboxes);
    }

    [Fact]
    public async Task Parked_containers_do_not_count()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 1, settings => settings.WithPool(min: 2, max: 2));
        await Until.TrueAsync(async () => (await cluster.Grains.GetGrain<IHostGrain>(cluster.Worker(0).Host).Load()).Parked.GetValueOrDefault("default") == 2);

        Assert.NotNull(await cluster.CreateAsync());
        Assert.Equal(1, (await TenantOf(cluster).InUse()).Sandboxes);
    }

    [Fact]
    public async Task A_reservation_without_a_sandbox_expires()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 1);
        await TenantOf(cluster).Reserve("lost", 512);
        await Assert.ThrowsAsync<SandboxQuotaExceededException>(() => cluster.CreateAsync());

        cluster.Clock.Advance(TimeSpan.FromSeconds(61));

        Assert.NotNull(await cluster.CreateAsync());
    }

    [Fact]
    public async Task A_create_that_no_host_could_begin_does_not_count()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 1);
        await Assert.ThrowsAnyAsync<PodflareException>(() => cluster.CreateOnceAsync(spec => spec with { Template = "missing" }));

        await Until.TrueAsync(async () => (await TenantOf(cluster).InUse()).Sandboxes == 0);
        Assert.NotNull(await cluster.CreateAsync());
    }

    [Fact]
    public async Task The_sandboxes_of_a_killed_worker_count_although_the_tenants_grain_was_killed_with_it()
    {
        await using var cluster = await StartAsync(limits => limits.Sandboxes = 6);
        while (!cluster.Workers.All(worker => worker.Engine.Containers.Count > 0)) await CreateAndMaybeDeleteAsync(cluster);
        while (await TryCreateAsync(cluster) is not null)
        {
            // Until the limit is reached.
        }

        Assert.Equal(6, (await cluster.ListAsync()).Count);
        foreach (var worker in cluster.Workers.ToArray())
        {
            await worker.KillAsync();
            await Until.TrueAsync(async () => (await Record.ExceptionAsync(() => cluster.CreateOnceAsync())) is SandboxQuotaExceededException);
            Assert.Equal(6, (await TenantOf(cluster).InUse()).Sandboxes);
            await worker.StartAsync();
            await cluster.WaitForHostsAsync();
        }

        await cluster.AgreesAsync();
        Assert.Equal(6, (await cluster.ListAsync()).Count);
        await Assert.ThrowsAsync<SandboxQuotaExceededException>(() => cluster.CreateAsync());
    }

    private static Task<GrainCluster> StartAsync(Action<LimitOptions> change, Action<ClusterSettings>? more = null)
    {
        var limits = new LimitOptions();
        change(limits);
        return GrainCluster.StartAsync(workers: 2, configure: settings =>
        {
            settings.Limits = limits.Apply(TenantLimits.None);
            more?.Invoke(settings);
        });
    }

    private static ITenantGrain TenantOf(GrainCluster cluster) => cluster.Grains.GetGrain<ITenantGrain>(GrainCluster.Tenant.Value);

    private static async Task CreateAndMaybeDeleteAsync(GrainCluster cluster)
    {
        if (await TryCreateAsync(cluster) is null) await cluster.Sandbox((await cluster.ListAsync())[0].Id).DeleteAsync();
    }

    private static async Task<TestSandbox?> TryCreateAsync(GrainCluster cluster)
    {
        try
        {
            return await cluster.CreateAsync();
        }
        catch (SandboxQuotaExceededException)
        {
            return null;
        }
    }
}
