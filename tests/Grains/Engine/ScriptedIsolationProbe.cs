using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Hosts;

namespace Podflare.Engine;

/// <summary>What a probe of a scripted engine reports: all layers, but those that a test has taken away.</summary>
internal sealed class ScriptedIsolationProbe(ScriptedEngine engine) : IIsolationProbe
{
    public Task<IsolationReport> RunAsync(string host, CancellationToken cancellationToken)
    {
        var missing = engine.MissingLayers;
        var layers = IsolationLayers.All.Select(layer => new LayerState(layer, "default", missing.Contains(layer) ? LayerStatus.Missing : LayerStatus.Ok, ""));
        return Task.FromResult(new IsolationReport(new HostIsolation([.. layers]), ImmutableHashSet<string>.Empty, IsComplete: true));
    }
}
