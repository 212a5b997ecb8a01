using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>How a template and a create's wishes become a container.</summary>
public static class TemplateSpec
{
    private const long Mib = 1024 * 1024;

    extension(TemplateOptions templates)
    {
        /// <exception cref="TemplateNotFoundException">No template has this name.</exception>
        public Template Find(string name) => templates.GetValueOrDefault(name) ?? throw new TemplateNotFoundException(name);
    }

    extension(Template template)
    {
        /// <summary>The container for a sandbox; a wish is never above the template's limit.</summary>
        public ContainerSpec ToContainer(SandboxId sandbox, SandboxSpec spec)
        {
            var home = Math.Min(spec.RootfsGb is { } gb ? gb * 1024L : long.MaxValue, template.HomeMib);
            var memory = Math.Min(spec.RamMib ?? int.MaxValue, template.MemoryMib);
            return new ContainerSpec(
                sandbox, spec.Template, template.Image, template.Runtime, memory * Mib, template.Cpus, template.Pids, home * Mib, template.TmpMib * Mib,
                spec.Egress);
        }
    }
}
