using System.Reflection;

namespace Podflare.Isolation;

/// <summary>The test says nothing on a machine without this layer.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsLayerAttribute(string layer) : Attribute
{
    public string Layer => layer;

    /// <summary>Why a test must be skipped on this machine; null where it need not.</summary>
    public static string? WhySkipped(MethodInfo test, Wall wall) =>
        test.GetCustomAttribute<NeedsLayerAttribute>() is { Layer: var layer } && wall.Find(layer) is (false, var why) ? $"This host lacks the layer {layer}: {why}." : null;
}
