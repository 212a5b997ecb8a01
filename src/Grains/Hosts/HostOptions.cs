using System.ComponentModel.DataAnnotations;

namespace Podflare.Hosts;

/// <summary>Capacity and upkeep of one container host. Section <c>Podflare:Hosts</c>.</summary>
public sealed class HostOptions
{
    public const string Section = "Podflare:Hosts";

    /// <summary>Containers that this host takes, those being started included. Default: 200.</summary>
    [Range(1, 10_000)]
    public int Slots { get; set; } = 200;

    /// <summary>How many times its memory this host promises to sandboxes: the sum of their limits is at most this factor times what <see cref="ReserveMib"/> leaves. 1 keeps every promise; more relies on sandboxes that use little. Default: 4.</summary>
    [Range(0.1, 100)]
    public double Overcommit { get; set; } = 4;

    /// <summary>Memory that is kept for the system and for Podflare, in MiB: a sandbox is started only if its limit fits into what is available beyond it. Default: a tenth of the machine's memory, at least 1,024.</summary>
    [Range(0, 1024L * 1024 * 1024)]
    public long? ReserveMib { get; set; }

    /// <summary>Sum of the memory limits of sandboxes, in MiB. Default: what <see cref="Overcommit"/> gives.</summary>
    [Range(64, 1024L * 1024 * 1024)]
    public long? MemoryMib { get; set; }

    /// <summary>Claims that may wait for room or a start; one more gets 503 <c>no_capacity</c>, or the tenant with the most claims gives one up. Default: 256.</summary>
    [Range(0, 10_000)]
    public int MaxWaiting { get; set; } = 256;

    /// <summary>Containers that are started at once. Default: 4, where two cores gain nothing more.</summary>
    [Range(1, 64)]
    public int ConcurrentStarts { get; set; } = 4;

    /// <summary>Of these, containers that are started for a pool while no claim waits. Default: 2.</summary>
    [Range(1, 64)]
    public int ConcurrentRefills { get; set; } = 2;

    /// <summary>The share of this machine's memory that containers may take which wait ready for a burst, beyond what recent demand asks for: each counts 16 MiB, and all of them at most <see cref="Slots"/>. They are started while the machine has CPU time to spare and given back when memory is short. Templates that nobody has used for 10 minutes have none, unless they have a PoolMin. 0 keeps none. Default: 0.1.</summary>
    [Range(0, 0.9)]
    public double PoolMemoryShare { get; set; } = 0.1;

    /// <summary>Containers that are started each second for <see cref="PoolMemoryShare"/>. Default: 2.</summary>
    [Range(1, 64)]
    public int PoolFillRate { get; set; } = 2;

    /// <summary>The share of this machine's CPU time that must have been idle in the last second for a container to be started for <see cref="PoolMemoryShare"/>. Default: 0.5.</summary>
    [Range(0, 1)]
    public double PoolIdleCpu { get; set; } = 0.5;

    /// <summary>A pool keeps as many containers as were claimed of its template in this time, within the template's bounds (at most 16 without a PoolMax), in seconds. Default: 30.</summary>
    [Range(1, 3_600)]
    public double DemandSeconds { get; set; } = 30;

    /// <summary>Time for a stopping worker to remove its parked containers, in seconds. Default: 20.</summary>
    [Range(0, 60)]
    public double RetireSeconds { get; set; } = 20;

    /// <summary>Containers that are removed, or sandboxes that are called, at once. Default: 16.</summary>
    [Range(1, 64)]
    public int ConcurrentRemovals { get; set; } = 16;

    /// <summary>Time for a started container's guest to be ready, in seconds. Default: 15.</summary>
    [Range(1, 120)]
    public double ReadySeconds { get; set; } = 15;

    /// <summary>Time for which the first containers of an image wait until the guest is compiled for its interpreter, in seconds. After it they start from the sources, which costs each some 25 ms of CPU and 2 MB of memory; 0 never compiles. Default: 10.</summary>
    [Range(0, 120)]
    public double CompileSeconds { get; set; } = 10;

    /// <summary>Time for which a claimed container waits for its sandbox, in seconds. Default: 30.</summary>
    [Range(1, 300)]
    public double LeaseSeconds { get; set; } = 30;

    /// <summary>Time between two sweeps, in seconds. Default: 30.</summary>
    [Range(1, 3_600)]
    public double SweepSeconds { get; set; } = 30;

    /// <summary>Time after which the record of this host is written although it has not changed, in seconds: a store that has lost it gets it again. Default: 10.</summary>
    [Range(1, 60)]
    public double SeenSeconds { get; set; } = 10;

    /// <summary>Time for which a host may be away before its sandboxes are lost for good, in seconds. Default: 60.</summary>
    [Range(10, 86_400)]
    public double GraceSeconds { get; set; } = 60;

    /// <summary>Time for which an adoption is repeated while a sandbox cannot read or write its record; then the next sweep asks again, in seconds. Default: 30.</summary>
    [Range(1, 600)]
    public double AdoptSeconds { get; set; } = 30;

    /// <summary>Time for which the engine may list almost none of this host's containers before they count as gone, in seconds. Default: 60.</summary>
    [Range(0, 3_600)]
    public double MassLossSeconds { get; set; } = 60;

    /// <summary>Ended sandboxes that this host remembers, to end them again in a store that comes back with older data. Default: 1,000.</summary>
    [Range(0, 100_000)]
    public int RememberedEnds { get; set; } = 1_000;

    /// <summary>Time for which this host remembers an ended sandbox, in seconds. Default: 600.</summary>
    [Range(0, 86_400)]
    public double RememberSeconds { get; set; } = 600;

    /// <summary>Time between two checks of the engine and of the run folder, in seconds. Default: 5.</summary>
    [Range(0.1, 60)]
    public double HealthSeconds { get; set; } = 5;

    /// <summary>Time without an answer of the engine after which this host takes no new sandboxes, in seconds. Default: 15.</summary>
    [Range(1, 600)]
    public double EngineSilenceSeconds { get; set; } = 15;

    /// <summary>Failed starts in a row after which this host takes no new sandboxes but a probe now and then. Default: 3.</summary>
    [Range(1, 1_000)]
    public int MaxFailures { get; set; } = 3;

    /// <summary>Time between two creates that probe a host whose starts have failed, in seconds. Default: 5.</summary>
    [Range(0.1, 600)]
    public double ProbeSeconds { get; set; } = 5;

    /// <summary>Free space on the disk of the run folder below which this host takes no new sandboxes, in MiB. Default: 64.</summary>
    [Range(0, 1L << 30)]
    public long MinFreeMib { get; set; } = 64;
}
