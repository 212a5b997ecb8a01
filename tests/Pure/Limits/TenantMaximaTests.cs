using System.Collections.Immutable;
using Podflare.Sandboxes;

namespace Podflare.Limits;

/// <summary>What workers take from a spec that is beyond the limits of its tenant, for HTTP and for grain clients.</summary>
public sealed class TenantMaximaTests
{
    private static readonly EffectiveLimits Limits = new(
        new RateLimit(1, 1), new RateLimit(1, 1), 1, 1, 1, TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), 1, 1, 1, null, ["A.example", "*.b.example", "not a host"]);

    private static readonly SandboxSpec Spec = new(
        "default", TimeSpan.FromHours(2), TimeSpan.FromMinutes(1), null, null, false, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty);

    [Fact]
    public void Longer_times_are_reduced_and_shorter_ones_kept()
    {
        var reduced = TenantMaxima.Reduce(Spec, Limits);
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)), (reduced.Lifetime, reduced.IdleLimit));
        Assert.Same(Spec, TenantMaxima.Reduce(Spec, null));
    }

    [Theory]
    [InlineData(true, "", "a.example *.b.example")]
    [InlineData(false, "", "")]
    [InlineData(false, "a.example x.b.example c.example", "a.example x.b.example")]
    [InlineData(false, "c.example", "")]
    public void No_way_of_creating_gives_more_network_access_than_the_tenant_has(bool egress, string wanted, string granted)
    {
        var reduced = TenantMaxima.Reduce(Spec with { Egress = egress, EgressHosts = [.. wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries)] }, Limits);
        Assert.False(reduced.Egress);
        Assert.Equal(granted, string.Join(' ', reduced.EgressHosts));
        Assert.Equal(egress, TenantMaxima.Reduce(Spec with { Egress = egress }, Limits with { EgressHosts = null }).Egress);
    }
}
