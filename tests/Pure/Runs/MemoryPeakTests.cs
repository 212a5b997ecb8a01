namespace Podflare.Runs;

public sealed class MemoryPeakTests
{
    [Fact]
    public void Memory_is_given_back_once_after_each_peak_and_not_for_little()
    {
        var returned = 0;
        var peak = new MemoryPeak(() => returned++);
        foreach (var (mib, expected) in new[] { (10, 0), (200, 0), (140, 0), (150, 0), (136, 1), (100, 1), (73, 1), (72, 2), (72, 2), (0, 3), (0, 3), (64, 3), (0, 4) })
        {
            peak.Observe((long)mib << 20);
            Assert.Equal(expected, returned);
        }
    }
}
