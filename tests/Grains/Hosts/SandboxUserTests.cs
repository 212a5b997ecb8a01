using Podflare.Containers;
using Podflare.Engine;
using Podflare.Harness;
using Podflare.Processes;
using Podflare.Sandboxes;

namespace Podflare.Hosts;

/// <summary>The user number that each container has for itself.</summary>
public sealed class SandboxUserTests
{
    [Fact]
    public async Task Sandboxes_have_different_users_also_after_their_worker_was_killed()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var worker = cluster.Worker(0);
        var first = await cluster.CreateAsync();
        var second = await cluster.CreateAsync();

        await worker.RestartAsync();
        var third = await cluster.CreateAsync();

        var users = new[] { first, second, third }.Select(sandbox => worker.Engine[sandbox.Id].Spec.User).ToArray();
        Assert.Equal(3, users.Distinct().Count());
        var block = SandboxUsers.FirstOf(worker.Host, new IsolationOptions().Users);
        Assert.All(users, user => Assert.InRange(user, block, block + new IsolationOptions().Users - 1));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_user_is_not_given_again_before_the_engine_has_removed_its_container()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var engine = cluster.Worker(0).Engine;
        var services = cluster.Worker(0).Services;
        var users = (SandboxUsers)services.GetService(typeof(SandboxUsers))!;
        var sandbox = await cluster.CreateAsync();
        var held = engine.Hold(EngineOperation.Remove, about: subject => subject == sandbox.Id.Value);

        await sandbox.DeleteAsync();
        await held.Reached;
        Assert.Contains(sandbox.Id, users.Settled());

        held.Dispose();
        await Until.TrueAsync(() => !users.Settled().Contains(sandbox.Id));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_start_that_fails_keeps_its_user_until_the_engine_lists_no_container()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var engine = cluster.Worker(0).Engine;
        var users = (SandboxUsers)cluster.Worker(0).Services.GetService(typeof(SandboxUsers))!;
        engine.FailNext(EngineOperation.Start);
        await Assert.ThrowsAsync<ContainerStartException>(() => cluster.CreateOnceAsync());
        Assert.Single(users.Settled());

        var sandbox = await cluster.CreateAsync();

        await cluster.Clock.AdvanceUntilAsync(() => users.Settled().Count == 1 && users.Settled().Contains(sandbox.Id), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_worker_whose_users_belong_to_another_host_does_not_start()
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.KeepFromOtherTests();
        var worker = cluster.Worker(0);
        var user = SandboxUsers.FirstOf(worker.Host, new IsolationOptions().Users) + 5;
        worker.Engine.ForeignUsers.Add(new TakenUser(user, "elsewhere", "deadbeef"));
        await worker.KillAsync();

        var refused = await Assert.ThrowsAnyAsync<Exception>(worker.StartAsync);

        var message = (refused as StartUpException ?? refused.GetBaseException()).Message;
        Assert.Contains("deadbeef", message, StringComparison.Ordinal);
        Assert.Contains("Podflare:Isolation:FirstUser", message, StringComparison.Ordinal);
    }
}
