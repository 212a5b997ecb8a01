using System.Reflection;
using Podflare.Containers;

namespace Podflare.Isolation;

/// <summary>Layers that a host has only where its operator has set them up.</summary>
public sealed class OptionalLayerTests(Wall wall)
{
    [Fact(Timeout = 120_000)]
    [NeedsLayer(IsolationLayers.Mac)]
    public Task AppArmor_or_SELinux_confines_a_sandbox() => HoldsAsync("mac");

    [Fact(Timeout = 120_000)]
    [NeedsLayer(IsolationLayers.UserNamespace)]
    public Task Root_of_a_sandbox_is_nobody_on_the_host() => HoldsAsync("user_namespace");

    [Fact(Timeout = 120_000)]
    [NeedsLayer(IsolationLayers.Runtime)]
    public Task A_sandbox_has_a_kernel_of_its_own() => HoldsAsync("kernel");

    private async Task HoldsAsync(string attempt)
    {
        var name = TestContext.Current.TestMethod!.MethodName;
        var why = NeedsLayerAttribute.WhySkipped(GetType().GetMethod(name, BindingFlags.Instance | BindingFlags.Public)!, wall);
        Assert.SkipWhen(why is not null, why ?? "");
        Assert.Equal("held", await wall.TryAsync($"optional/{attempt}"));
    }
}
