namespace Podflare;

/// <summary>A template that a sandbox can be created from, with its limits.</summary>
/// <example>
/// <code>
/// foreach (var template in await client.ListTemplatesAsync()) Console.WriteLine($"{template.Name}: {template.MemoryMib} MiB");
/// </code>
/// </example>
public sealed record TemplateInfo
{
    /// <summary>The name, for <see cref="SandboxOptions.Template"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is used when a request does not name one.</summary>
    public bool Default { get; init; }

    /// <summary>Memory of a sandbox that does not request any, in MiB.</summary>
    public int MemoryMib { get; init; }

    /// <summary>The most that <see cref="SandboxOptions.RamMib"/> can request, in MiB.</summary>
    public int MaxMemoryMib { get; init; }

    /// <summary>CPUs of a sandbox; may be a fraction.</summary>
    public double Cpus { get; init; }

    /// <summary>The largest number of processes and threads.</summary>
    public int Pids { get; init; }

    // The generated reader passes null for a field that is missing.

    /// <summary>Python modules that are imported before the first run.</summary>
    public IReadOnlyList<string> Preload { get; init => field = value ?? []; } = [];
}
