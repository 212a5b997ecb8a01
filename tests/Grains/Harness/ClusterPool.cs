using System.Collections.Concurrent;

[assembly: AssemblyFixture(typeof(Podflare.Harness.ClusterPool))]

namespace Podflare.Harness;

/// <summary>
/// Ordinary clusters that a test has left and that are as new, for the next test that asks for one. Starting a cluster takes most of the time of a short
/// test. There are never more than tests that run at the same time.
/// </summary>
public sealed class ClusterPool : IAsyncDisposable
{
    private static readonly ConcurrentBag<GrainCluster> Idle = [];

    internal static GrainCluster? TryTake() => Idle.TryTake(out var cluster) ? cluster : null;

    internal static void Return(GrainCluster cluster) => Idle.Add(cluster);

    public async ValueTask DisposeAsync()
    {
        while (Idle.TryTake(out var cluster)) await cluster.EndAsync();
    }
}
