using Orleans.Placement;
using Podflare.Harness;

namespace Podflare.Hosts;

/// <summary>Grains that call each other while both of them activate.</summary>
public sealed class ActivationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Two_grains_of_a_silo_may_call_each_other_before_their_activation_waits_for_anything()
    {
        await using var cluster = await GrainCluster.StartAsync(workers: 1, frontends: 1);
        using var barrier = new Barrier(2);
        CallingGrain.Barrier = barrier;
        // An entry on another silo is written before the activation goes on, so that such an activation waits in any case.
        CallingGrain.Keys = [.. Enumerable.Range(0, 1_000).Where(key => IsLocal(cluster, key)).Take(2)];

        await Task.WhenAll(CallingGrain.Keys.Select(key => cluster.Grains.GetGrain<ICallingGrain>(key).Call())).WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    private static bool IsLocal(GrainCluster cluster, long key) =>
        cluster.Caller.Address.Equals(cluster.DirectoryOwnerOf(cluster.Grains.GetGrain<ICallingGrain>(key).GetGrainId()));
}

[Alias("podflare.ICallingGrain")]
public interface ICallingGrain : IGrainWithIntegerKey
{
    [Alias("Call")]
    Task Call();
}

[PreferLocalPlacement]
public sealed class CallingGrain : Grain, ICallingGrain
{
    private static readonly TimeSpan MeetingLimit = TimeSpan.FromSeconds(10);

    internal static Barrier? Barrier { get; set; }

    /// <summary>Each calls the other.</summary>
    internal static int[] Keys { get; set; } = [];

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Both threads are inside the activation before either calls. The answer only comes once the other one is active.
        Barrier!.SignalAndWait(MeetingLimit, cancellationToken);
        _ = GrainFactory.GetGrain<ICallingGrain>(Keys.Single(key => key != this.GetPrimaryKeyLong())).Call();
        return Task.CompletedTask;
    }

    public Task Call() => Task.CompletedTask;
}
