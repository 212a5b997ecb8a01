using System.Globalization;
using System.Text.RegularExpressions;

namespace Podflare.Containers;

/// <summary>
/// Writes the CPU weight of a container into its control group: some microseconds, where an update by the engine takes some 45 ms. Works
/// where this process sees the engine's control groups, as it does on the engine's own machine and as root.
/// </summary>
internal static partial class CgroupCpuWeight
{
    private const string Root = "/sys/fs/cgroup";

    /// <param name="shares">As the engine counts: 1,024 is what a process without a setting has.</param>
    /// <returns>False when there is no control group to be reached; the engine must be asked then.</returns>
    public static bool TryWrite(string containerId, long shares) => TryWrite(Root, containerId, shares);

    /// <inheritdoc cref="TryWrite(string, long)"/>
    /// <param name="root">Where control groups are mounted.</param>
    internal static bool TryWrite(string root, string containerId, long shares)
    {
        if (!ContainerId().IsMatch(containerId)) return false;
        foreach (var (file, value) in Files(root, containerId, shares))
        {
            try
            {
                if (!File.Exists(file)) continue;
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Write);
                stream.Write(System.Text.Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A read-only mount, or a container that is just going away.
                return false;
            }
        }

        return false;
    }

    // The engine's cgroupfs driver and its systemd driver, each with version 1 and version 2.
    private static IEnumerable<(string File, long Value)> Files(string root, string id, long shares)
    {
        var weight = 1 + ((shares - 2) * 9_999 / 262_142);
        yield return ($"{root}/cpu/docker/{id}/cpu.shares", shares);
        yield return ($"{root}/cpu/system.slice/docker-{id}.scope/cpu.shares", shares);
        yield return ($"{root}/docker/{id}/cpu.weight", weight);
        yield return ($"{root}/system.slice/docker-{id}.scope/cpu.weight", weight);
    }

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex ContainerId();
}
