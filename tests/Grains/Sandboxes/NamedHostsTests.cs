using Podflare.Egress;
using Podflare.Engine;
using Podflare.Harness;
using Podflare.Hosts;

namespace Podflare.Sandboxes;

/// <summary>The hosts that a sandbox may reach, as its worker tells its engine.</summary>
public sealed class NamedHostsTests
{
    [Fact]
    public async Task A_create_allows_the_hosts_of_its_list_and_shows_them()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { EgressHosts = ["api.example.com", "*.b.example"] });

        Assert.Equal(["api.example.com", "*.b.example"], (await sandbox.GetAsync()).EgressHosts);
        Assert.Equal(EgressKind.NamedHosts, sandbox.Container.Spec.Egress);
        var access = sandbox.Container.Access!;
        Assert.Equal((sandbox.Id.Value, GrainCluster.Tenant.Value), (access.Sandbox, access.Tenant));
        Assert.Equal(["api.example.com", "*.b.example"], access.Allow);
        var other = await cluster.CreateAsync();
        Assert.Null(other.Container.Access);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task The_next_worker_allows_them_again()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var sandbox = await cluster.CreateAsync(spec => spec with { EgressHosts = ["api.example.com"] });
        sandbox.Container.Access = null;

        await sandbox.Worker.RestartAsync();
        await cluster.WaitForHostsAsync();
        await Until.TrueAsync(() => Task.FromResult(sandbox.Container.Access is { Allow: ["api.example.com"] }));
    }

    [Fact]
    public async Task A_sandbox_whose_hosts_could_not_be_allowed_lives_and_gets_them_later()
    {
        await using var cluster = await GrainCluster.StartAsync();
        using var fault = cluster.Worker(0).Engine.Fail(EngineOperation.AllowHosts);
        var sandbox = await cluster.CreateAsync(spec => spec with { EgressHosts = ["api.example.com"] });
        Assert.Null(sandbox.Container.Access);

        fault.Dispose();
        await cluster.Clock.AdvanceUntilAsync(() => sandbox.Container.Access is not null, step: TimeSpan.FromSeconds(1), limit: TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_create_goes_to_the_next_host_where_one_cannot_prepare_the_network()
    {
        await using var cluster = await StartTwoAsync();
        using var fault = FailEgress(cluster.Worker(0));

        for (var i = 0; i < 8 || fault.Hits == 0; i++)
        {
            Assert.InRange(i, 0, 40);
            Assert.Same(cluster.Worker(1), (await cluster.CreateOnceAsync(WithHosts)).Worker);
        }

        await AssertWellAsync(cluster, cluster.Worker(0));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task Where_no_host_can_prepare_the_network_a_create_may_be_repeated_and_other_sandboxes_start()
    {
        await using var cluster = await StartTwoAsync();
        Fault[] faults = [.. cluster.Workers.Select(FailEgress)];

        var error = await Assert.ThrowsAsync<ContainerStartException>(() => cluster.CreateOnceAsync(WithHosts));

        Assert.True(error.Retry);
        Assert.Contains("access to the network", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 1], faults.Select(fault => fault.Hits));
        foreach (var worker in cluster.Workers) await AssertWellAsync(cluster, worker);
        await cluster.CreateOnceAsync();
        foreach (var fault in faults) fault.Dispose();
        await cluster.CreateOnceAsync(WithHosts);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_create_that_one_host_may_serve_later_may_be_repeated_whatever_the_last_host_says()
    {
        await using var cluster = await StartTwoAsync();
        using var egress = FailEgress(cluster.Worker(0));
        using var image = cluster.Worker(1).Engine.Fail(EngineOperation.Start, with: () => new ContainerStartException("the image is missing", retry: false));

        for (var i = 0; i < 12; i++) Assert.True((await Assert.ThrowsAsync<ContainerStartException>(() => cluster.CreateOnceAsync(WithHosts))).Retry);

        Assert.Equal((12, 12), (egress.Hits, image.Hits));
    }

    [Theory]
    [InlineData("API.example.com")]
    [InlineData("192.0.2.1")]
    [InlineData("a.*.example")]
    public async Task The_grain_refuses_what_is_not_a_normalized_host(string host)
    {
        await using var cluster = await GrainCluster.StartAsync();
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => cluster.CreateAsync(spec => spec with { EgressHosts = [host] }));
        Assert.Equal("egress.allow", error.Field);
    }

    // One failure that counts against a host would keep every sandbox from it.
    private static Task<GrainCluster> StartTwoAsync() => GrainCluster.StartAsync(workers: 2, configure: settings =>
    {
        settings["Podflare:Hosts:MaxFailures"] = "1";
        settings["Podflare:Hosts:ProbeSeconds"] = "60";
    });

    private static SandboxSpec WithHosts(SandboxSpec spec) => spec with { EgressHosts = ["api.example.com"] };

    private static Fault FailEgress(TestSilo worker) =>
        worker.Engine.Fail(EngineOperation.PrepareEgress, with: () => new EgressException("the egress proxy does not run"));

    private static async Task AssertWellAsync(GrainCluster cluster, TestSilo worker)
    {
        var load = await cluster.Grains.GetGrain<IHostGrain>(worker.Host).Load();
        Assert.Equal((null, 0), (load.Problem, load.FailuresInRow));
    }
}
