namespace Podflare.Egress;

/// <summary>Where the worker keeps its proxy's socket and port.</summary>
/// <param name="Path">Created when it is needed, for this user alone.</param>
public sealed record EgressFolder(string Path);
