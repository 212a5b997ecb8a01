namespace Podflare.Cli.Doctor;

/// <summary>Which OCI runtime a machine should use.</summary>
internal static class RuntimeAdvice
{
    private const string Light = "crun";

    /// <param name="current">The runtime that the engine uses by default.</param>
    /// <param name="known">All runtimes that the engine knows.</param>
    /// <param name="cgroups">The version of control groups that the engine reports: <c>1</c> or <c>2</c>; empty if it reports none.</param>
    public static Finding Of(string name, string current, IReadOnlyCollection<string> known, string cgroups)
    {
        var found = $"{current}, control groups of version {(cgroups.Length > 0 ? cgroups : "unknown")}; the engine knows {string.Join(", ", known.Order(StringComparer.Ordinal))}";
        if (current == Light || cgroups != "2") return new Finding(name, Finding.Passed, found);
        return new Finding(name, Finding.Passed, found, known.Contains(Light)
            ? $"Set Podflare:Engine:DefaultRuntime to {Light}: sandboxes start and end with less CPU time."
            : $"Install {Light}, add it to the runtimes of the engine, and set Podflare:Engine:DefaultRuntime to {Light}: sandboxes start and end with less CPU time.");
    }
}
