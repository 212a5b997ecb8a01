using Podflare.Egress;
using Podflare.Sandboxes;

namespace Podflare.Containers;

/// <summary>How a template and a create's wishes become a container.</summary>
public static class TemplateSpec
{
    private const long Mib = 1024 * 1024;
    private const int SharedMemoryDivisor = 4;

    extension(TemplateOptions templates)
    {
        /// <exception cref="TemplateNotFoundException">No template has this name.</exception>
        public Template Find(string name) => templates.GetValueOrDefault(name) ?? throw new TemplateNotFoundException(name);
    }

    extension(Template template)
    {
        /// <summary>The largest memory limit that a create may ask for, in MiB.</summary>
        public int MemoryLimitMib => template.MaxMemoryMib ?? template.MemoryMib;

        /// <summary>The largest home that a create may ask for, in MiB.</summary>
        public int HomeLimitMib => template.MaxHomeMib ?? template.HomeMib;

        /// <summary>The size of <c>/dev/shm</c> in bytes: at most three quarters of what a full home and a full <c>/tmp</c> leave of the memory.</summary>
        public long SharedMemoryBytes(long memory, long home, long tmp) =>
            Math.Min(template.ShmMib * Mib ?? memory / SharedMemoryDivisor, (memory - home - tmp) / 4 * 3);

        /// <summary>The container for a sandbox; a wish is never above the template's limit.</summary>
        /// <param name="sandbox">The default value gives the shape: what all containers for such a wish have in common.</param>
        public ContainerSpec ToContainer(SandboxId sandbox, SandboxSpec spec)
        {
            var memory = Math.Min(spec.RamMib ?? template.MemoryMib, template.MemoryLimitMib);
            long home = spec.RootfsGb is { } gib ? Math.Min(gib * 1024L, template.HomeLimitMib) : template.HomeMib;
            long tmp = template.TmpMib;
            // What is written there is memory: full they must leave some for the program.
            if (home + tmp >= memory) (home, tmp) = (Math.Min(home, memory / 2), Math.Min(tmp, memory / 8));
            return ContainerSpec.Of(sandbox, spec.Template, template) with
            {
                MemoryBytes = memory * Mib,
                HomeBytes = home * Mib,
                TmpBytes = tmp * Mib,
                ShmBytes = template.SharedMemoryBytes(memory * Mib, home * Mib, tmp * Mib),
                Egress = !template.Egress ? EgressKind.None : !spec.EgressHosts.IsDefaultOrEmpty ? EgressKind.NamedHosts : spec.Egress ? EgressKind.Open : EgressKind.None,
            };
        }
    }
}
