namespace Podflare.Hosts;

public sealed class HostMemoryTests
{
    private const long Gib = 1L << 30;

    [Fact]
    public void The_reserve_is_a_tenth_of_the_memory_and_at_least_a_gibibyte()
    {
        Assert.Equal(Gib, Make(new HostOptions(), 4 * Gib).ReserveBytes);
        Assert.Equal(3 * Gib, Make(new HostOptions(), 30 * Gib).ReserveBytes);
        Assert.Equal(2 * Gib, Make(new HostOptions { ReserveMib = 2048 }, 30 * Gib).ReserveBytes);
    }

    [Fact]
    public void The_sum_of_the_limits_is_a_multiple_of_what_the_reserve_leaves()
    {
        Assert.Equal(4 * 27 * Gib, Make(new HostOptions(), 30 * Gib).LimitBytes);
        Assert.Equal(27 * Gib, Make(new HostOptions { Overcommit = 1 }, 30 * Gib).LimitBytes);
        Assert.Equal(5 * Gib, Make(new HostOptions { MemoryMib = 5 * 1024 }, 30 * Gib).LimitBytes);
    }

    [Fact]
    public void A_start_leaves_the_reserve_alone()
    {
        var memory = new HostMemory(new HostOptions(), 10 * Gib, () => 3 * Gib);
        Assert.True(memory.HasFree(2 * Gib));
        Assert.False(memory.HasFree((2 * Gib) + 1));
    }

    private static HostMemory Make(HostOptions options, long total) => new(options, total, () => total);
}
