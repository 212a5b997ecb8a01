using System.Diagnostics;
using System.Globalization;

namespace Podflare.Bench;

/// <summary>Memory as the kernel counts it at one moment, in MB.</summary>
/// <param name="folder">Processes of the service have this path in their environment or work in it; null counts none.</param>
internal sealed class Memory(string? folder)
{
    /// <summary>What the machine could still give: its loss counts all that a sandbox costs, and all that others do meanwhile.</summary>
    public double Available { get; } = Field("/proc/meminfo", "MemAvailable:");

    /// <summary>Of the kernel's own, what containers make grow.</summary>
    public double Kernel { get; } = new[] { "Slab:", "KernelStack:", "PageTables:", "Percpu:" }.Sum(name => Field("/proc/meminfo", name));

    /// <summary>Proportional set size of the engine.</summary>
    public double Engine { get; } = Processes().Where(pid => Read($"/proc/{pid}/comm")?.Trim() is "dockerd" or "containerd").Sum(Pss);

    /// <summary>Proportional set size of the service, its Redis included.</summary>
    public double Services { get; } = folder is null ? 0 : Processes().Where(pid => IsOf(pid, folder)).Sum(Pss);

    /// <summary>Proportional set size of a sandbox's shim and processes, on average.</summary>
    public static double Guests(IReadOnlyCollection<string> sandboxes)
    {
        var shims = Containers(sandboxes).Select(Shim).OfType<int>().ToHashSet();
        var parents = Processes().ToDictionary(pid => pid, Parent);
        return parents.Keys.Where(pid => Ancestors(pid).Any(shims.Contains)).Sum(Pss) / sandboxes.Count;

        IEnumerable<int> Ancestors(int pid)
        {
            for (var at = pid; at > 1; at = parents.GetValueOrDefault(at)) yield return at;
        }
    }

    private static double Pss(int pid) => Field($"/proc/{pid}/smaps_rollup", "Pss:");

    // A Redis writes its title over its environment.
    private static bool IsOf(int pid, string folder) =>
        Read($"/proc/{pid}/environ")?.Split('\0').Any(setting => setting.Contains("Podflare__RunFolder=" + folder, StringComparison.Ordinal)
            || setting.Contains("PODFLARE_CLUSTER_PROCESS=" + folder, StringComparison.Ordinal)) == true
        || new FileInfo($"/proc/{pid}/cwd").LinkTarget?.StartsWith(folder, StringComparison.Ordinal) == true;

    private static IEnumerable<string> Containers(IReadOnlyCollection<string> sandboxes)
    {
        using var docker = Process.Start(new ProcessStartInfo("docker", ["ps", "--no-trunc", "--format", "{{.ID}} {{.Label \"podflare.sandbox\"}}"]) { RedirectStandardOutput = true })!;
        var lines = docker.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        docker.WaitForExit();
        return lines.Select(line => line.Split(' ')).Where(pair => sandboxes.Contains(pair[1])).Select(pair => pair[0]);
    }

    private static int? Shim(string container) =>
        Processes().Where(pid => Read($"/proc/{pid}/cmdline") is { } line && line.Contains("shim", StringComparison.Ordinal) && line.Contains(container, StringComparison.Ordinal))
            .Select(pid => (int?)pid).FirstOrDefault();

    private static IEnumerable<int> Processes() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture));

    // Behind the name, which may hold blanks and parentheses.
    private static int Parent(int pid) =>
        Read($"/proc/{pid}/stat") is { } stat ? int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) : 0;

    private static double Field(string file, string name)
    {
        var line = Read(file)?.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
