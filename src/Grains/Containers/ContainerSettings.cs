using System.Globalization;
using Docker.DotNet.Models;
using Podflare.Egress;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>How every sandbox is confined. A pure function of what is asked for.</summary>
internal static class ContainerSettings
{
    public const string Hostname = "sandbox";
    public const string GuestMount = "/podflare/guest";
    public const string SocketMount = "/podflare/s";
    private const int SharesPerCpu = 128;
    private const int MostDescriptors = 20_000;
    private const int MostPendingSignals = 8_192;
    private const int BytesPerInode = 4_096;
    private const string GuestEntry = $"{GuestMount}/main.py";

    public static string NameOf(SandboxId sandbox) => $"podflare-{sandbox.Value}";

    public static CreateContainerParameters Of(ContainerSpec spec, HostIdentity owner, RunFolder folder, EgressNetwork egress, ContainerIsolation isolation) => new()
    {
        Name = NameOf(spec.Sandbox),
        Image = spec.Image,
        Hostname = Hostname,
        User = "0:0",
        WorkingDir = spec.Home,
        Entrypoint = ["python3", "-I", "-S", GuestEntry],
        // The image's own command, health check and stop signal are not for this process.
        Cmd = [.. Arguments(spec)],
        Healthcheck = new HealthcheckConfig { Test = ["NONE"] },
        StopSignal = "SIGKILL",
        Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", $"HOME={spec.Home}", "LANG=C.UTF-8", .. egress.EnvironmentOf(spec.Egress)],
        Labels = ContainerLabels.Of(owner, spec),
        // Unlike network mode "none" this spares the engine the network's setup: a start takes half the time.
        NetworkDisabled = spec.Egress is EgressKind.None,
        HostConfig = Confine(spec, folder, egress, isolation),
    };

    private static IEnumerable<string> Arguments(ContainerSpec spec)
    {
        yield return "--user";
        yield return Number(spec.User);
        if (spec.Home != Template.DefaultHome)
        {
            yield return "--home";
            yield return spec.Home;
        }

        if (spec.Probe) yield return "--probe";
        if (spec.Bytecode) yield return "--bytecode";
        if (spec.OtlpPort > 0)
        {
            yield return "--otlp-port";
            yield return Number(spec.OtlpPort);
        }

        if (spec.Preload.Length == 0) yield break;
        yield return "--preload";
        yield return spec.Preload;
    }

    private static HostConfig Confine(ContainerSpec spec, RunFolder folder, EgressNetwork egress, ContainerIsolation isolation) => new()
    {
        // Should an engine not know NetworkDisabled, there is still no network; together they cost no more.
        NetworkMode = egress.NameOf(spec.Egress),
        DNS = [.. egress.DnsOf(spec.Egress)],
        // The network has no IPv6, and the rules are for IPv4 alone.
        Sysctls = spec.Egress is not EgressKind.None ? new Dictionary<string, string> { ["net.ipv6.conf.all.disable_ipv6"] = "1" } : new Dictionary<string, string>(),
        CapDrop = ["ALL"],
        CapAdd = ["SETUID", "SETGID", "KILL"],
        SecurityOpt = isolation.SecurityOptions,
        MaskedPaths = [.. MaskedFiles.Paths],
        IpcMode = "private",
        CgroupnsMode = "private",
        ReadonlyRootfs = true,
        Tmpfs = new Dictionary<string, string>
        {
            // The engine's default is noexec: scripts would be refused, and native modules would not load.
            [spec.Home] = $"rw,exec,nosuid,nodev,{Size(spec.HomeBytes)},uid={Number(spec.User)},gid={Number(spec.User)},mode=0755",
            ["/tmp"] = $"rw,exec,nosuid,nodev,{Size(spec.TmpBytes)},mode=1777",
        },
        Memory = spec.MemoryBytes,
        MemorySwap = spec.MemoryBytes,
        NanoCPUs = (long)(spec.Cpus * 1_000_000_000),
        // Below what anything else on the machine has (1024): however many sandboxes compute, a worker beside them gets its turn.
        CPUShares = Shares(spec.Cpus, low: false),
        PidsLimit = spec.Pids,
        // The engine's 64 MiB are too little for shared arrays of a sandbox with much memory: a write beyond them ends in SIGBUS.
        ShmSize = spec.ShmBytes,
        // The REPL raises its own to 1000: the supervisor must not be the one that the kernel picks.
        OomScoreAdj = 500,
        LogConfig = new LogConfig { Type = "none" },
        Ulimits = [.. Limits(spec)],
        Init = false,
        RestartPolicy = new RestartPolicy { Name = RestartPolicyKind.No },
        Runtime = spec.Runtime,
        Mounts = [.. Mounts(spec, folder)],
    };

    /// <summary>What makes a running container one of this shape, but for its file systems.</summary>
    public static ContainerUpdateParameters Update(ContainerSpec shape) => new()
    {
        Memory = shape.MemoryBytes,
        MemorySwap = shape.MemoryBytes,
        NanoCPUs = (long)(shape.Cpus * 1_000_000_000),
        CPUShares = Shares(shape.Cpus, low: false),
    };

    /// <summary>The file systems in memory of a container of this shape. <c>/dev/shm</c> has as many inodes as the kernel gives it.</summary>
    public static IEnumerable<(string Path, long Bytes, long? Inodes)> FileSystems(ContainerSpec shape) =>
        [(shape.Home, shape.HomeBytes, Inodes(shape.HomeBytes)), ("/tmp", shape.TmpBytes, Inodes(shape.TmpBytes)), ("/dev/shm", shape.ShmBytes, null)];

    /// <summary>The weight of a container, which counts only while others want the CPU too.</summary>
    public static long Shares(double cpus, bool low) => Math.Max(2, (long)(cpus * SharesPerCpu / (low ? 16 : 1)));

    private static IEnumerable<Mount> Mounts(ContainerSpec spec, RunFolder folder)
    {
        yield return ReadOnly(spec.Guest ?? folder.Guest, GuestMount);
        yield return ReadOnly(folder.SocketFolder(spec.Sandbox), SocketMount);
        yield return ReadOnly(folder.PasswdFile(spec.User), "/etc/passwd");
        yield return ReadOnly(folder.GroupFile(spec.User), "/etc/group");
        if (spec.Egress is EgressKind.None) yield return ReadOnly(folder.HostsFile, "/etc/hosts");
        if (spec.Egress is EgressKind.NamedHosts) yield return ReadOnly(folder.NoDnsFile, "/etc/resolv.conf");
    }

    private static Mount ReadOnly(string source, string target) => new() { Type = "bind", Source = source, Target = target, ReadOnly = true };

    // These count what one user has on the whole machine, and no other sandbox has this user.
    private static IEnumerable<Ulimit> Limits(ContainerSpec spec)
    {
        yield return Limit("core", 0);
        yield return Limit("msgqueue", 0);
        yield return Limit("nofile", MostDescriptors);
        yield return Limit("nproc", spec.Pids);
        yield return Limit("sigpending", MostPendingSignals);
    }

    private static Ulimit Limit(string name, long value) => new() { Name = name, Soft = value, Hard = value };

    // Without a number of its own a file system in memory has as many inodes as half of the machine's memory has pages.
    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"size={bytes},nr_inodes={Inodes(bytes)}");

    private static long Inodes(long bytes) => Math.Max(1, bytes / BytesPerInode);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
