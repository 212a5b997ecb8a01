namespace Podflare.Containers;

/// <summary>The names that mark the containers of this host. Containers carry both as labels; others are neither seen nor touched.</summary>
/// <param name="Cluster">The cluster's id.</param>
/// <param name="Host">8 lower-case hex digits.</param>
public sealed record HostIdentity(string Cluster, string Host);
