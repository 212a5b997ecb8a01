namespace Podflare.Hosts;

/// <summary>Whether a host accepts new sandboxes, as its operator has decided. It is stored, so that it outlives its worker.</summary>
[GenerateSerializer, Alias("podflare.HostMode")]
public enum HostMode
{
    /// <summary>It does.</summary>
    Ready,

    /// <summary>It does not. Its sandboxes go on, and its ready containers stay.</summary>
    Cordoned,

    /// <summary>It does not. Its sandboxes go on until they end, and its ready containers are removed.</summary>
    Draining,
}
