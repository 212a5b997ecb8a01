using Microsoft.Extensions.Options;
using Podflare.Containers;

namespace Podflare.Hosts;

/// <summary>The options that a host reads.</summary>
public sealed class HostSettings(IOptions<TemplateOptions> templates, IOptions<HostOptions> host, IOptions<IsolationOptions> isolation)
{
    public TemplateOptions Templates => templates.Value;

    public HostOptions Host => host.Value;

    public IsolationOptions Isolation => isolation.Value;

    /// <summary>What these options make of this machine's memory.</summary>
    public HostMemory Memory { get; } = HostMemory.OfThisMachine(host.Value);
}
