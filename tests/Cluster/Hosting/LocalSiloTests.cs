using System.Net;

namespace Podflare.Hosting;

/// <summary>The generation of a silo's address.</summary>
public sealed class LocalSiloTests(RedisFixture fixture)
{
    private readonly string _cluster = $"generation-{Guid.NewGuid():n}";

    [Fact]
    public void A_silo_has_a_later_generation_than_its_predecessors_also_where_the_clock_was_set_back()
    {
        Assert.Equal(5_000, Choose(port: 1, now: 5_000));
        Assert.Equal(5_001, Choose(port: 1, now: 1_400));
        Assert.Equal(5_002, Choose(port: 1, now: 5_001));
        Assert.Equal(6_000, Choose(port: 1, now: 6_000));
    }

    [Fact]
    public void Silos_at_other_endpoints_do_not_matter()
    {
        Choose(port: 1, now: 5_000);

        Assert.Equal(1_400, Choose(port: 2, now: 1_400));
    }

    [Fact]
    public void What_is_kept_expires()
    {
        Choose(port: 1, now: 5_000);

        Assert.InRange(fixture.Redis.GetDatabase().KeyTimeToLive($"podflare:{{{_cluster}}}:generation:127.0.0.1:1")!.Value, TimeSpan.FromDays(6), TimeSpan.FromDays(7));
    }

    private int Choose(int port, int now) => LocalSilo.ChooseGeneration(fixture.Redis.GetDatabase(), _cluster, new IPEndPoint(IPAddress.Loopback, port), now);
}
