using Podflare.Engine;
using Podflare.Guests;
using Podflare.Stores;

namespace Podflare.Harness;

/// <summary>A test must not notice which tests had its cluster before.</summary>
public sealed class ClusterPoolTests
{
    [Fact]
    public async Task Nothing_that_a_test_leaves_is_there_for_the_next_one()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var engine = cluster.Worker(0).Engine;
        var (first, _) = await cluster.CreateAsync("key");
        await (await first.StartRunAsync(program => program.Print("a\n").RunForever())).ReadAsync(1);
        (await cluster.CreateAsync()).Guest.StayAway();
        cluster.Clock.Advance(TimeSpan.FromHours(1));
        cluster.Storage.FailNext(StorageOperation.Write, about: _ => false);
        cluster.Log.Fail(LogOperation.Append, about: _ => false);
        engine.Hold(EngineOperation.Start, about: _ => false);
        (engine.GuestsBecomeReady, engine.EmptyLists) = (false, 1);

        Assert.True(await ClusterReset.TryAsync(cluster));

        Assert.Equal((0, 0, true, 0), (engine.Containers.Count, engine.Started, engine.GuestsBecomeReady, cluster.Log.Appends));
        Assert.Equal([$"host/{cluster.Worker(0).Host}"], cluster.Storage.Keys);
        Assert.DoesNotContain(cluster.Logs.Lines, line => line.Contains(first.Id.Value, StringComparison.Ordinal));
        var (second, joined) = await cluster.CreateAsync("key");
        Assert.Equal((false, true), (joined, second.Id != first.Id));
        Assert.Equal("b\n", (await second.RunAsync(program => program.Print("b\n"))).Output);
        await cluster.AgreesAsync();
    }

    [Fact]
    public async Task A_cluster_that_cannot_be_as_new_is_given_to_no_other_test()
    {
        await using var cluster = await GrainCluster.StartAsync();
        await cluster.Worker(0).KillAsync();
        Assert.False(await ClusterReset.TryAsync(cluster), "A worker is dead.");
        await cluster.Worker(0).StartAsync();
        await cluster.WaitForHostsAsync();
        Assert.True(await ClusterReset.TryAsync(cluster));

        cluster.Clock.StepWall(TimeSpan.FromHours(1));

        Assert.False(await ClusterReset.TryAsync(cluster), "The wall clock is wrong.");
    }

    [Fact]
    public async Task A_fault_that_was_met_and_a_record_that_was_changed_are_remembered()
    {
        using var clock = new Clock();
        var storage = new UnreliableStorage(clock);
        Assert.Equal((false, false), (storage.HadFaults, storage.WasRewritten));

        using var fault = storage.FailNext();
        await Assert.ThrowsAsync<TimeoutException>(() => storage.MeetAsync(StorageOperation.Write, "", () => Task.FromResult(true), TestContext.Current.CancellationToken));
        storage.Lose("sandbox", "none");

        Assert.Equal((true, true), (storage.HadFaults, storage.WasRewritten));
    }
}
