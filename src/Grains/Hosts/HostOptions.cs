using System.ComponentModel.DataAnnotations;

namespace Podflare.Hosts;

/// <summary>Capacity and upkeep of one container host. Section <c>Podflare:Hosts</c>.</summary>
public sealed class HostOptions
{
    public const string Section = "Podflare:Hosts";

    /// <summary>Containers that this host takes, those being started included. Default: 200.</summary>
    [Range(1, 10_000)]
    public int Slots { get; set; } = 200;

    /// <summary>Claims that may wait for a slot or a start; one more gets 503 <c>no_capacity</c>. Default: 256.</summary>
    [Range(0, 10_000)]
    public int MaxWaiting { get; set; } = 256;

    /// <summary>Containers that are started at once. Default: 4, where two cores gain nothing more.</summary>
    [Range(1, 64)]
    public int ConcurrentStarts { get; set; } = 4;

    /// <summary>Containers that are removed, or sandboxes that are called, at once. Default: 16.</summary>
    [Range(1, 64)]
    public int ConcurrentRemovals { get; set; } = 16;

    /// <summary>Time for a started container's guest to be ready, in seconds. Default: 15.</summary>
    [Range(1, 120)]
    public double ReadySeconds { get; set; } = 15;

    /// <summary>Time for which a claimed container waits for its sandbox, in seconds. Default: 30.</summary>
    [Range(1, 300)]
    public double LeaseSeconds { get; set; } = 30;

    /// <summary>Time between two sweeps, in seconds. Default: 30.</summary>
    [Range(1, 3_600)]
    public double SweepSeconds { get; set; } = 30;

    /// <summary>Time between two writes of "last seen", in seconds. Default: 10.</summary>
    [Range(1, 60)]
    public double SeenSeconds { get; set; } = 10;

    /// <summary>Time after "last seen" at which the sandboxes of a host that is gone are lost for good, in seconds. Default: 60.</summary>
    [Range(10, 86_400)]
    public double GraceSeconds { get; set; } = 60;
}
