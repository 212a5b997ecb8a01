using Podflare.Containers;

namespace Podflare.Hosts;

/// <summary>The parked containers of one template, oldest first, and how many there should be.</summary>
internal sealed class TemplatePool(string name, Template template, TimeSpan window)
{
    public string Name => name;

    /// <summary>What a claim must want to be served from here.</summary>
    public ContainerSpec Shape { get; } = ContainerSpec.Of(default, name, template);

    public PoolDemand Demand { get; } = new(template.PoolMin, template.PoolMax, window);

    public LinkedList<ReadyContainer> Parked { get; } = [];

    /// <summary>Starts under way for this pool alone.</summary>
    public int Filling { get; set; }

    /// <summary>After a failure: when to try again, and how long to wait after the next one.</summary>
    public (DateTimeOffset At, TimeSpan Pause) Retry { get; set; }
}
