using Microsoft.Extensions.DependencyInjection;
using Podflare.Harness;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>A rate that several frontends divide.</summary>
public sealed class RateLimitTests
{
    private static readonly TenantId Acme = new("acme");
    private static readonly TenantId Umbrella = new("umbrella");

    private const int Callers = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_tenant_gets_its_burst_and_its_rate_through_two_frontends_together()
    {
        await using var cluster = await StartAsync(frontends: 2);
        var limit = new RateLimit(10, 20);
        await WarmUpAsync(cluster);
        var began = cluster.Clock.GetTimestamp();

        var allowed = await Task.WhenAll(cluster.Frontends.Select(frontend => CountAsync(cluster, frontend, Acme, limit, TimeSpan.FromSeconds(6))));

        var seconds = cluster.Clock.GetElapsedTime(began).TotalSeconds;
        Assert.InRange(allowed.Sum(), 10 * seconds * 0.6, (20 + (10 * seconds)) * 1.25);
    }

    [Fact]
    public async Task A_frontend_gets_what_another_one_does_not_use()
    {
        await using var cluster = await StartAsync(frontends: 2);
        var limit = new RateLimit(10, 20);
        await WarmUpAsync(cluster);
        var began = cluster.Clock.GetTimestamp();

        var allowed = await CountAsync(cluster, cluster.Frontend(0), Acme, limit, TimeSpan.FromSeconds(20));

        var seconds = cluster.Clock.GetElapsedTime(began).TotalSeconds;

        // Its own half alone would be 110 after 20 s.
        Assert.InRange(allowed, 10 * seconds * 0.8, (20 + (10 * seconds)) * 1.25);
    }

    [Fact]
    public async Task A_tenant_at_its_limit_leaves_another_one_alone()
    {
        await using var cluster = await StartAsync(frontends: 1);
        var shares = cluster.Frontend(0).Services.GetRequiredService<TenantShares>();
        await WarmUpAsync(cluster);
        var loud = CountAsync(cluster, cluster.Frontend(0), Acme, new RateLimit(1, 1), TimeSpan.FromSeconds(3));

        for (var i = 0; i < 20; i++) Assert.True((await shares.TakeAsync(Umbrella, QuotaKind.Requests, new RateLimit(10, 20), TestContext.Current.CancellationToken)).IsAllowed);
        await loud;
    }

    [Fact]
    public async Task Without_a_worker_each_frontend_uses_an_equal_part()
    {
        await using var cluster = await StartAsync(frontends: 2);
        await WarmUpAsync(cluster);
        await cluster.Worker(0).KillAsync();

        var shares = cluster.Frontend(0).Services.GetRequiredService<TenantShares>();
        var decision = await shares.TakeAsync(Umbrella, QuotaKind.Requests, new RateLimit(10, 20), TestContext.Current.CancellationToken);

        Assert.True(decision.IsAllowed);
        Assert.InRange(decision.Left, 8, 10);
    }

    private static Task<GrainCluster> StartAsync(int frontends) =>
        GrainCluster.StartAsync(workers: 1, frontends: frontends, configure: settings => settings.Limits = new LimitOptions().Apply(TenantLimits.None));

    // Until the board has heard all processes.
    private static async Task WarmUpAsync(GrainCluster cluster)
    {
        foreach (var frontend in cluster.Frontends)
        {
            var shares = frontend.Services.GetRequiredService<TenantShares>();
            await Until.TrueAsync(async () => (await shares.TakeAsync(new TenantId("warm"), QuotaKind.Requests, new RateLimit(1_000, 1_000), TestContext.Current.CancellationToken)).IsAllowed);
        }
    }

    /// <summary>Several callers, so that what they ask for stays above the limit also where an answer takes long.</summary>
    private static async Task<int> CountAsync(GrainCluster cluster, TestSilo frontend, TenantId tenant, RateLimit limit, TimeSpan time)
    {
        var shares = frontend.Services.GetRequiredService<TenantShares>();
        var began = cluster.Clock.GetTimestamp();
        return (await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync()))).Sum();

        async Task<int> CallAsync()
        {
            var allowed = 0;
            while (cluster.Clock.GetElapsedTime(began) < time)
            {
                if ((await shares.TakeAsync(tenant, QuotaKind.Requests, limit, TestContext.Current.CancellationToken)).IsAllowed) allowed++;
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }

            return allowed;
        }
    }
}
