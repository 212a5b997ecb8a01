namespace Podflare.Containers;

/// <summary>The names of the layers around a sandbox, as options, metrics and the API use them.</summary>
public static class IsolationLayers
{
    /// <summary>The system calls that a sandbox may make are listed.</summary>
    public const string Seccomp = "seccomp";

    /// <summary>The sandbox's user has no capability.</summary>
    public const string Capabilities = "capabilities";

    /// <summary>No program gains privileges by being executed.</summary>
    public const string NoNewPrivileges = "no_new_privileges";

    /// <summary>No other sandbox has this user's number.</summary>
    public const string User = "user";

    /// <summary>Files can be opened for writing below a few folders only, so that the kernel never kills the supervisor first.</summary>
    public const string Landlock = "landlock";

    /// <summary>The image cannot be written.</summary>
    public const string ReadOnlyRoot = "readonly_root";

    /// <summary>There is no network but the loopback interface.</summary>
    public const string Network = "network";

    /// <summary>Memory and swap have one limit together.</summary>
    public const string Memory = "memory";

    /// <summary>Processes and threads have a limit.</summary>
    public const string Pids = "pids";

    /// <summary>The CPU has a quota.</summary>
    public const string Cpu = "cpu";

    /// <summary>System V objects and <c>/dev/shm</c> are the sandbox's own.</summary>
    public const string Ipc = "ipc";

    /// <summary>The control groups of the host are not visible.</summary>
    public const string Cgroup = "cgroup";

    /// <summary>Files of the kernel that describe the host are empty.</summary>
    public const string MaskedPaths = "masked_paths";

    /// <summary>AppArmor or SELinux confines the sandbox.</summary>
    public const string Mac = "mac";

    /// <summary>Root of the container is not root of the host.</summary>
    public const string UserNamespace = "userns";

    /// <summary>The sandbox has a kernel of its own, such as gVisor's.</summary>
    public const string Runtime = "runtime";

    /// <summary>All layers, from the most to the least important.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Seccomp, Capabilities, NoNewPrivileges, User, ReadOnlyRoot, Network, Memory, Pids, Cpu, Landlock, Ipc, Cgroup, MaskedPaths, Mac, UserNamespace, Runtime,
    ];

    /// <summary>The layers that a host must have unless an option says otherwise.</summary>
    public static IReadOnlyList<string> RequiredByDefault { get; } = [Seccomp, Capabilities, NoNewPrivileges, User, ReadOnlyRoot, Network, Memory, Pids, Cpu];
}
