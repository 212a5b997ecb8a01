namespace Podflare.Harness;

/// <summary>One cluster for all tests of a class that leave it as they find it. Starting a cluster takes most of the time of a short test.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    public GrainCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await GrainCluster.StartAsync();

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
