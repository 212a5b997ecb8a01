using Podflare.Egress;
using Podflare.EgressProxy.Sandboxes;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>The engine that runs this host's containers. Only containers with our cluster's and host's labels are seen or touched.</summary>
public interface IContainerRuntime
{
    /// <summary>Creates and starts a container for a sandbox; its guest then dials. On failure nothing is left.</summary>
    /// <returns>The container's id.</returns>
    /// <exception cref="ContainerStartException">The engine does not answer, or refuses.</exception>
    Task<string> StartAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>The id of an image of this engine. It changes when another image gets the name.</summary>
    /// <returns>Null where the engine has no such image, or does not answer.</returns>
    Task<string?> FindImageAsync(string image, CancellationToken cancellationToken);

    /// <summary>Kills and removes a container; one that is gone is fine.</summary>
    /// <exception cref="ContainerRemoveException">Three attempts failed; the next sweep tries again.</exception>
    Task RemoveAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>Gives a running container its full CPU weight against others, or a sixteenth of it. Its limits stay.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task SetCpuPriorityAsync(string containerId, double cpus, bool low, CancellationToken cancellationToken);

    /// <summary>Gives a running container another memory limit, other CPUs, and other sizes of its file systems in memory.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer or refuses, or a file system could not be resized. Some of it may have happened.</exception>
    Task ResizeAsync(string containerId, ContainerSpec shape, CancellationToken cancellationToken);

    /// <summary>Lets a container that was started for <see cref="EgressKind.NamedHosts"/> reach these hosts, until it dies or is removed. Repeating it is fine.</summary>
    /// <exception cref="ContainerEngineException">The engine or the host's proxy does not answer.</exception>
    Task AllowHostsAsync(string containerId, SandboxAccess access, CancellationToken cancellationToken);

    /// <summary>This host's containers, stopped ones too.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task<IReadOnlyList<HostContainer>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The user numbers of all sandboxes on this engine, those of other hosts and clusters too.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task<IReadOnlyList<TakenUser>> ListUsersAsync(CancellationToken cancellationToken);

    /// <summary>Whether somebody has paused this container. One that is gone is not paused.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task<bool> IsPausedAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>Whether the kernel ended this container because its memory was full. One that is gone, that runs, or that somebody has killed was not.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task<bool> WasKilledForMemoryAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>Asks the engine whether it works.</summary>
    /// <exception cref="ContainerEngineException">The engine does not answer, or refuses.</exception>
    Task PingAsync(CancellationToken cancellationToken);

    /// <summary>The ids of this host's containers that die, as the engine tells it. Ends when the engine's event stream breaks.</summary>
    IAsyncEnumerable<ContainerDeath> WatchDeathsAsync(CancellationToken cancellationToken);
}

/// <summary>A container to be made.</summary>
/// <param name="MemoryBytes">Hard limit, swap included.</param>
/// <param name="HomeBytes">Size of the writable home, which is memory.</param>
/// <param name="Preload">Modules that the REPL imports before it is ready, separated by commas; empty for none.</param>
public sealed record ContainerSpec(
    SandboxId Sandbox,
    string Template,
    string Image,
    string? Runtime,
    long MemoryBytes,
    double Cpus,
    long Pids,
    long HomeBytes,
    long TmpBytes,
    EgressKind Egress,
    string Preload = "")
{
    private const long Mib = 1024 * 1024;

    // Those that are known to. Null is the engine's own, which is one of them unless an operator has changed that.
    private static readonly string?[] ResizableRuntimes = [null, "runc", "crun", "youki"];

    // Where every exporter sends by default.
    private const int DefaultOtlpPort = 4_318;

    /// <summary>Size of <c>/dev/shm</c>, which is memory.</summary>
    public required long ShmBytes { get; init; }

    /// <summary>Home of the sandbox's user.</summary>
    public string Home { get; init; } = Containers.Template.DefaultHome;

    /// <summary>The number of the sandbox's user, which no other container of this machine has; 0 in a shape.</summary>
    public int User { get; init; }

    /// <summary>The port on the sandbox's loopback at which its guest takes OTLP; 0 for none.</summary>
    public int OtlpPort { get; init; }

    /// <summary>The guest tries what a sandbox must not be able to do, reports it, and executes nothing.</summary>
    public bool Probe { get; init; }

    /// <summary>Whether a running container of this shape can be given the limits of another one. Some runtimes cannot change them.</summary>
    public bool CanBecome(ContainerSpec other) =>
        ResizableRuntimes.Contains(Runtime) && this == other with { MemoryBytes = MemoryBytes, Cpus = Cpus, HomeBytes = HomeBytes, TmpBytes = TmpBytes, ShmBytes = ShmBytes };

    /// <summary>The guest compiles itself for the image's interpreter, reports that, and executes nothing.</summary>
    public bool Bytecode { get; init; }

    /// <summary>The folder of the guest's files that the container mounts; null for the sources without bytecode, and in a shape.</summary>
    public string? Guest { get; init; }

    /// <summary>A container with the template's own limits, and without a network.</summary>
    public static ContainerSpec Of(SandboxId sandbox, string name, Template template) => new(
        sandbox, name, template.Image, template.Runtime, template.MemoryMib * Mib, template.Cpus, template.Pids,
        template.HomeMib * Mib, template.TmpMib * Mib, EgressKind.None, template.Preload)
    {
        Home = template.Home,
        OtlpPort = template.Relay ? DefaultOtlpPort : 0,
        ShmBytes = template.SharedMemoryBytes(template.MemoryMib * Mib, template.HomeMib * Mib, template.TmpMib * Mib),
    };
}

/// <summary>A container of ours as the engine lists it.</summary>
/// <param name="MemoryBytes">Its limit, as its label says; 0 where it has none.</param>
/// <param name="Running">Its processes exist; a paused container counts.</param>
/// <param name="User">The number of its user; 0 where it has no label with one.</param>
public sealed record HostContainer(string Id, SandboxId Sandbox, string Template, bool Running, long MemoryBytes, int User);

/// <summary>A user number that a container of any host and cluster on this engine has.</summary>
public sealed record TakenUser(int User, string Cluster, string Host);

public sealed record ContainerDeath(string ContainerId, SandboxId Sandbox);
