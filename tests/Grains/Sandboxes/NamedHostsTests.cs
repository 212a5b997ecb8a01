using Podflare.Engine;
using Podflare.Harness;

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
        Assert.Equal(Egress.EgressKind.NamedHosts, sandbox.Container.Spec.Egress);
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
}
