namespace Podflare.GrainClient;

/// <summary>No silo of the cluster answered within <see cref="GrainClientOptions.ConnectSeconds"/>.</summary>
public sealed class ClusterUnreachableException : Exception
{
    internal ClusterUnreachableException(string cluster, string redis, Exception lastFailure)
        : base(
            $"No silo of the Podflare cluster '{cluster}' answers. Check that Redis is reachable at {redis}, that Podflare:GrainClient:ClusterId is the cluster's Podflare:ClusterId, "
                + "and that a worker runs whose gateway port can be reached from here.",
            lastFailure) => (ClusterId, Redis) = (cluster, redis);

    /// <summary>The cluster that was looked for.</summary>
    public string ClusterId { get; }

    /// <summary>The Redis servers that were asked.</summary>
    public string Redis { get; }
}
