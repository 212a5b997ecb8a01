using System.Collections.Immutable;
using Podflare.Harness;

namespace Podflare.Sandboxes;

public sealed class UpdateTests
{
    private static readonly ImmutableSortedDictionary<string, string?> NoPatch = ImmutableSortedDictionary<string, string?>.Empty;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metadata_is_merged_and_lists_show_it()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Metadata = spec.Metadata.Add("a", "1").Add("b", "2") });

        var info = await sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(Metadata: NoPatch.Add("a", null).Add("c", "3").Add("none", null)), Cancel);

        Assert.Equal(["b=2", "c=3"], info.Metadata.Select(pair => $"{pair.Key}={pair.Value}"));
        Assert.Equal(info.Metadata, (await sandbox.GetAsync()).Metadata);
        await Until.TrueAsync(async () => (await cluster.ListAsync()).Single().Metadata.ContainsKey("c"));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_new_lifetime_counts_from_now_also_for_the_next_worker()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { Lifetime = TimeSpan.FromMinutes(10) });
        await PassAsync(TimeSpan.FromMinutes(8));

        var info = await sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(Lifetime: TimeSpan.FromMinutes(20)), Cancel);

        Assert.InRange(info.ExpiresAt - cluster.Clock.GetUtcNow(), TimeSpan.FromMinutes(19), TimeSpan.FromMinutes(20));
        await PassAsync(TimeSpan.FromMinutes(5));
        Assert.Null((await sandbox.GetAsync()).EndReason);
        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();
        Assert.Equal(info.ExpiresAt, (await sandbox.GetAsync()).ExpiresAt);
        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).EndReason is EndReason.Expired, step: TimeSpan.FromSeconds(30), limit: TimeSpan.FromMinutes(20));

        // In steps: a guest that is not heard of for longer counts as dead.
        async Task PassAsync(TimeSpan time)
        {
            var until = cluster.Clock.GetUtcNow() + time;
            await cluster.Clock.AdvanceUntilAsync(() => cluster.Clock.GetUtcNow() >= until, step: TimeSpan.FromSeconds(30), limit: time * 2);
        }
    }

    [Fact]
    public async Task A_shorter_lifetime_ends_the_sandbox_sooner()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        await sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(Lifetime: TimeSpan.FromMinutes(1)), Cancel);

        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).EndReason is EndReason.Expired, step: TimeSpan.FromSeconds(5), limit: TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task A_new_idle_limit_holds_at_once()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        await sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(IdleLimit: TimeSpan.FromMinutes(1)), Cancel);

        await cluster.Clock.AdvanceUntilAsync(
            async () => (await sandbox.GetAsync()).EndReason is EndReason.Idle, step: TimeSpan.FromSeconds(5), limit: TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Changes_at_the_same_time_are_all_made()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(Metadata: NoPatch.Add($"k{i}", "x")), Cancel)));

        Assert.Equal(8, (await sandbox.GetAsync()).Metadata.Count);
    }

    [Fact]
    public async Task What_is_beyond_its_limit_changes_nothing()
    {
        await using var cluster = await GrainCluster.StartAsync(configure: settings => settings["Podflare:Sandboxes:MaxMetadataPairs"] = "1");
        var sandbox = await cluster.CreateAsync(spec => spec with { Metadata = spec.Metadata.Add("a", "1") });
        var before = await sandbox.GetAsync();
        Task<SandboxInfo> UpdateAsync(SandboxUpdate update) => sandbox.Grain.Update(GrainCluster.Tenant, update, Cancel);

        Assert.Equal("timeout_seconds", (await Assert.ThrowsAsync<InvalidRequestException>(() => UpdateAsync(new SandboxUpdate(TimeSpan.Zero)))).Field);
        Assert.Equal("idle_timeout_seconds", (await Assert.ThrowsAsync<InvalidRequestException>(() => UpdateAsync(new SandboxUpdate(IdleLimit: TimeSpan.Zero)))).Field);
        Assert.Equal("metadata", (await Assert.ThrowsAsync<InvalidRequestException>(() => UpdateAsync(new SandboxUpdate(Metadata: NoPatch.Add("b", "2"))))).Field);
        await UpdateAsync(new SandboxUpdate(Metadata: NoPatch.Add("a", null).Add("b", "2")));
        Assert.Equal(before.ExpiresAt, (await sandbox.GetAsync()).ExpiresAt);
    }

    [Fact]
    public async Task A_sandbox_that_has_ended_cannot_be_changed()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync();
        await sandbox.DeleteAsync();

        await Assert.ThrowsAsync<SandboxEndedException>(() => sandbox.Grain.Update(GrainCluster.Tenant, new SandboxUpdate(TimeSpan.FromHours(1)), Cancel));
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => sandbox.Grain.Update(new Tenants.TenantId("stranger"), new SandboxUpdate(), Cancel));
    }
}
