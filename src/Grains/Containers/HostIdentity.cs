namespace Podflare.Containers;

/// <summary>Whose containers are ours: they carry both names as labels, and no other is seen or touched.</summary>
/// <param name="Cluster">The cluster's id.</param>
/// <param name="Host">8 lower-case hex digits.</param>
public sealed record HostIdentity(string Cluster, string Host);
