using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Traffic;

namespace Podflare.Hosts;

/// <summary>The options that a host reads, and where it counts what tenants do.</summary>
public sealed class HostSettings(IOptions<TemplateOptions> templates, IOptions<HostOptions> host, IOptions<IsolationOptions> isolation, TrafficLog traffic)
{
    public TemplateOptions Templates => templates.Value;

    public HostOptions Host => host.Value;

    public IsolationOptions Isolation => isolation.Value;

    /// <summary>What the tenants do on this process.</summary>
    public TrafficLog Traffic => traffic;

    /// <summary>This machine's CPU time.</summary>
    public HostCpu Cpu { get; } = HostCpu.OfThisMachine();

    /// <summary>What these options make of this machine's memory.</summary>
    public HostMemory Memory { get; } = HostMemory.OfThisMachine(host.Value);
}
