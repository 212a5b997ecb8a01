using System.Buffers.Binary;

namespace Podflare.Resources;

public sealed class ResourceSampleTests
{
    [Fact]
    public void A_report_has_its_figures_in_their_places()
    {
        var sample = ResourceSample.Read(Report(1_500_000_000, 100, 200, 3, 4, 7_000_000, 500));

        Assert.Equal(new ResourceSample(TimeSpan.FromSeconds(1.5), 100, 200, 3, 4, TimeSpan.FromMilliseconds(7), 500), sample);
    }

    [Fact]
    public void What_the_guest_cannot_read_is_not_known_and_never_zero() =>
        Assert.Equal(
            new ResourceSample(TimeSpan.Zero, null, null, null, null, null, null),
            ResourceSample.Read(Report(0, ulong.MaxValue, ulong.MaxValue, uint.MaxValue, uint.MaxValue, ulong.MaxValue, ulong.MaxValue)));

    [Fact]
    public void More_than_any_machine_has_is_not_believed() =>
        Assert.Equal(new ResourceSample(TimeSpan.Zero, null, null, null, null, null, null), ResourceSample.Read(Report(1UL << 62, (1UL << 50) + 1, 1UL << 60, 1U << 31, 1U << 31, 1UL << 62, 1UL << 63)));

    internal static byte[] Report(ulong cpu, ulong memory, ulong peak, uint processes, uint kills, ulong throttled, ulong disk)
    {
        var report = new byte[ResourceSample.Size];
        BinaryPrimitives.WriteUInt64BigEndian(report, cpu);
        BinaryPrimitives.WriteUInt64BigEndian(report.AsSpan(8), memory);
        BinaryPrimitives.WriteUInt64BigEndian(report.AsSpan(16), peak);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(24), processes);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(28), kills);
        BinaryPrimitives.WriteUInt64BigEndian(report.AsSpan(32), throttled);
        BinaryPrimitives.WriteUInt64BigEndian(report.AsSpan(40), disk);
        return report;
    }
}
