using System.Collections.Immutable;

namespace Podflare.Hosts;

/// <summary>The layers around the sandboxes of one host, as a container with the settings of a sandbox has found them.</summary>
[GenerateSerializer, Immutable, Alias("podflare.HostIsolation")]
public sealed record HostIsolation([property: Id(0)] ImmutableArray<LayerState> Layers)
{
    /// <summary>Each layer once: the worst state that it has under any runtime.</summary>
    public IEnumerable<LayerState> Worst => Layers.GroupBy(layer => layer.Layer).Select(group => group.MaxBy(layer => layer.Status)!);
}

/// <summary>One layer under one runtime.</summary>
/// <param name="Layer">Its name, such as <c>seccomp</c>.</param>
/// <param name="Runtime">The engine's name of the runtime; <c>default</c> for the engine's own.</param>
/// <param name="Text">What was found, for an operator; may be empty.</param>
[GenerateSerializer, Immutable, Alias("podflare.LayerState")]
public sealed record LayerState([property: Id(0)] string Layer, [property: Id(1)] string Runtime, [property: Id(2)] LayerStatus Status, [property: Id(3)] string Text);

/// <summary>Whether a layer is there. Later values are worse.</summary>
[GenerateSerializer, Alias("podflare.LayerStatus")]
public enum LayerStatus
{
    /// <summary>It is.</summary>
    Ok,

    /// <summary>It cannot be seen from inside, as under a runtime with a kernel of its own.</summary>
    Unknown,

    /// <summary>It is not.</summary>
    Missing,
}
