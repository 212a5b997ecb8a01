using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Hosts;

namespace Podflare.Engine;

/// <summary>What a probe of a scripted engine reports: all layers, but those that a test has taken away.</summary>
internal sealed class ScriptedIsolationProbe(ScriptedEngine engine) : IIsolationProbe
{
    public async Task<IsolationReport> RunAsync(string host, CancellationToken cancellationToken)
    {
        var missing = await engine.ProbeAsync(cancellationToken);
        var layers = IsolationLayers.All.Select(layer => new LayerState(layer, "default", missing.Contains(layer) ? LayerStatus.Missing : LayerStatus.Ok, ""));
        return new IsolationReport(new HostIsolation([.. layers]), ImmutableHashSet<string>.Empty, IsComplete: true);
    }
}
