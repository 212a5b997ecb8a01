namespace Podflare.Hosts;

/// <summary>What a host makes of what a guest reports.</summary>
public sealed class IsolationProbeTests
{
    private const string Kernel = "6.1.0";

    [Theory]
    [InlineData("seccomp", "ok", Kernel, LayerStatus.Ok)]
    [InlineData("seccomp", "missing", Kernel, LayerStatus.Missing)]
    [InlineData("seccomp", "unknown", Kernel, LayerStatus.Unknown)]
    [InlineData("seccomp", "?", Kernel, LayerStatus.Unknown)]
    [InlineData("seccomp", "missing", "4.4.0", LayerStatus.Unknown)]
    [InlineData("landlock", "missing", "4.4.0", LayerStatus.Unknown)]
    [InlineData("readonly_root", "missing", "4.4.0", LayerStatus.Missing)]
    [InlineData("runtime", "unknown", "4.4.0", LayerStatus.Ok)]
    [InlineData("runtime", "unknown", Kernel, LayerStatus.Missing)]
    public void A_layer_of_the_hosts_kernel_is_not_expected_under_another_kernel(string layer, string state, string release, LayerStatus expected)
    {
        var found = new Dictionary<string, string[]> { ["runtime"] = ["unknown", release] };
        found[layer] = [state, layer == "runtime" ? release : "why"];
        Assert.Equal(expected, IsolationProbe.Read(layer, "default", found, Kernel).Status);
    }

    [Fact]
    public void A_guest_that_says_nothing_useful_says_that_nothing_is_known()
    {
        Assert.Equal(LayerStatus.Unknown, IsolationProbe.Read("seccomp", "default", null, Kernel).Status);
        Assert.Equal(LayerStatus.Unknown, IsolationProbe.Read("seccomp", "default", new Dictionary<string, string[]> { ["seccomp"] = ["ok"] }, Kernel).Status);
        Assert.Equal(200, IsolationProbe.Read("mac", "default", new Dictionary<string, string[]> { ["mac"] = ["missing", new string('x', 9_000)] }, Kernel).Text.Length);
    }

    [Fact]
    public void The_worst_state_under_any_runtime_counts()
    {
        var isolation = new HostIsolation([new("seccomp", "runc", LayerStatus.Ok, ""), new("seccomp", "runsc", LayerStatus.Unknown, ""), new("seccomp", "other", LayerStatus.Missing, "")]);
        Assert.Equal("other", Assert.Single(isolation.Worst).Runtime);
    }
}
