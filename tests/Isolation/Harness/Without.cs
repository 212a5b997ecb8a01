using System.Text.Json.Nodes;
using Docker.DotNet.Models;
using Podflare.Containers;

namespace Podflare.Isolation;

/// <summary>The settings of a sandbox with one layer taken away.</summary>
internal static class Without
{
    private const string Seccomp = "seccomp=";

    public static void SeccompProfile(CreateContainerParameters settings) => SetSeccomp(settings, "unconfined");

    /// <summary>The filter compares the family of a socket in another way than for equality.</summary>
    public static void Equality(CreateContainerParameters settings) => Change(settings, rules =>
    {
        foreach (var rule in rules.Where(rule => Names(rule).Contains("socket")).ToArray()) rules.Remove(rule);
        rules.Add(JsonNode.Parse("""{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":40,"op":"SCMP_CMP_NE"}]}"""));
    });

    /// <summary>The guest cannot use Landlock, as on a kernel without it.</summary>
    public static void Landlock(CreateContainerParameters settings) => Change(settings, rules =>
    {
        foreach (var names in rules.Select(rule => rule!["names"]!.AsArray()))
        {
            foreach (var name in names.Where(name => name!.GetValue<string>().StartsWith("landlock_", StringComparison.Ordinal)).ToArray()) names.Remove(name);
        }
    });

    public static void NoNewPrivileges(CreateContainerParameters settings) => settings.HostConfig!.SecurityOpt!.Remove("no-new-privileges");

    public static void CapabilityDrop(CreateContainerParameters settings) => settings.HostConfig!.CapDrop = [];

    public static void ReadOnlyRoot(CreateContainerParameters settings) => settings.HostConfig!.ReadonlyRootfs = false;

    public static void SwapLimit(CreateContainerParameters settings) => settings.HostConfig!.MemorySwap = -1;

    public static void PrivateIpc(CreateContainerParameters settings)
    {
        settings.HostConfig!.IpcMode = "host";
        settings.HostConfig.ShmSize = 0;
    }

    public static void PrivateCgroup(CreateContainerParameters settings) => settings.HostConfig!.CgroupnsMode = "host";

    public static void Masks(CreateContainerParameters settings) => settings.HostConfig!.MaskedPaths = [];

    public static void TmpfsFlags(CreateContainerParameters settings) =>
        settings.HostConfig!.Tmpfs = settings.HostConfig.Tmpfs!.ToDictionary(
            pair => pair.Key, pair => pair.Value.Replace("nosuid", "suid", StringComparison.Ordinal).Replace("nodev", "dev", StringComparison.Ordinal));

    public static void SharedMemorySize(CreateContainerParameters settings) => settings.HostConfig!.ShmSize = 1L << 30;

    public static void NetworkOff(CreateContainerParameters settings)
    {
        settings.NetworkDisabled = false;
        settings.HostConfig!.NetworkMode = "bridge";
    }

    /// <summary>The network of the machine, as that of all containers without a namespace of their own.</summary>
    public static void OwnNetwork(CreateContainerParameters settings)
    {
        settings.NetworkDisabled = false;
        settings.HostConfig!.NetworkMode = "host";
    }

    /// <summary>A folder of the machine in place of the container's own file system in memory.</summary>
    public static Action<CreateContainerParameters> OwnTemporaryFiles(string folder) => settings =>
    {
        settings.HostConfig!.Tmpfs!.Remove("/tmp");
        settings.HostConfig.Mounts!.Add(new Mount { Type = "bind", Source = folder, Target = "/tmp" });
    };

    /// <summary>Neither the container nor its user has a limit.</summary>
    public static void ProcessLimit(CreateContainerParameters settings)
    {
        settings.HostConfig!.PidsLimit = null;
        settings.HostConfig.Ulimits = [.. settings.HostConfig.Ulimits!.Where(limit => limit.Name != "nproc")];
    }

    public static void ReadOnlySocket(CreateContainerParameters settings) =>
        settings.HostConfig!.Mounts!.Single(mount => mount.Target == ContainerSettings.SocketMount).ReadOnly = false;

    /// <summary>An interpreter that executes what is in the user's site folder, as Python does by itself.</summary>
    public static Action<CreateContainerParameters> CleanStart(Wall wall) => settings =>
    {
        var copy = Path.Combine(wall.Folder, "guest-without");
        foreach (var file in Directory.EnumerateFiles(wall.Guest, "*.py", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(wall.Guest, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllText(target, File.ReadAllText(file).Replace("[sys.executable, \"-s\", ", "[sys.executable, ", StringComparison.Ordinal));
        }

        settings.HostConfig!.Mounts!.Single(mount => mount.Target == ContainerSettings.GuestMount).Source = copy;
    };

    private static void Change(CreateContainerParameters settings, Action<JsonArray> change)
    {
        var profile = JsonNode.Parse(settings.HostConfig!.SecurityOpt!.Single(option => option.StartsWith(Seccomp, StringComparison.Ordinal))[Seccomp.Length..])!;
        change(profile["syscalls"]!.AsArray());
        SetSeccomp(settings, profile.ToJsonString());
    }

    private static void SetSeccomp(CreateContainerParameters settings, string profile) => settings.HostConfig!.SecurityOpt =
        [.. settings.HostConfig.SecurityOpt!.Where(option => !option.StartsWith(Seccomp, StringComparison.Ordinal)), Seccomp + profile];

    private static IEnumerable<string> Names(JsonNode? rule) => rule!["names"]!.AsArray().Select(name => name!.GetValue<string>());
}
