using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>The options that apply to one sandbox and its runs.</summary>
public sealed class SandboxSettings(IOptions<SandboxOptions> sandboxes, IOptions<RunOptions> runs, IOptions<TemplateOptions> templates)
{
    public SandboxOptions Sandboxes => sandboxes.Value;

    public RunOptions Runs => runs.Value;

    public TemplateOptions Templates => templates.Value;

    /// <summary>Time between an interrupt (or a timeout) and the kill.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(Runs.GraceSeconds);

    /// <summary>The memory limit of a sandbox, in MiB. For a template that this host does not know (any more): as it was asked for.</summary>
    public int MemoryMibOf(SandboxSpec spec) =>
        Templates.GetValueOrDefault(spec.Template) is { } template ? (int)(template.ToContainer(default, spec).MemoryBytes >> 20) : spec.RamMib ?? 0;
}
