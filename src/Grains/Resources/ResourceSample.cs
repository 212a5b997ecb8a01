using System.Buffers.Binary;

namespace Podflare.Resources;

/// <summary>What a container uses at one moment, as its guest reports it. Null for what the guest cannot read.</summary>
/// <param name="CpuTime">CPU time since its first interpreter answered.</param>
/// <param name="Throttled">Time for which the CPU limit has stopped it since then.</param>
internal readonly record struct ResourceSample(
    TimeSpan CpuTime, long? MemoryBytes, long? MemoryPeakBytes, int? Processes, int? OomKills, TimeSpan? Throttled, long? DiskBytes)
{
    /// <summary>Bytes of a whole report. An older guest reports the CPU time alone.</summary>
    public const int Size = 48;

    /// <summary>Reads the payload of a <c>PONG</c>, or its first bytes. User code may have taken over the guest: figures that cannot be are left out.</summary>
    public static ResourceSample Read(ReadOnlySpan<byte> report) => new(
        Time(BinaryPrimitives.ReadUInt64BigEndian(report)) ?? TimeSpan.Zero,
        Bytes(BinaryPrimitives.ReadUInt64BigEndian(report[8..])),
        Bytes(BinaryPrimitives.ReadUInt64BigEndian(report[16..])),
        Count(BinaryPrimitives.ReadUInt32BigEndian(report[24..])),
        Count(BinaryPrimitives.ReadUInt32BigEndian(report[28..])),
        Time(BinaryPrimitives.ReadUInt64BigEndian(report[32..])),
        Bytes(BinaryPrimitives.ReadUInt64BigEndian(report[40..])));

    private static long? Bytes(ulong value) => value <= ResourceLimit.Bytes ? (long)value : null;

    private static int? Count(uint value) => value <= ResourceLimit.Count ? (int)value : null;

    private static TimeSpan? Time(ulong nanoseconds) => nanoseconds / 1000 <= ResourceLimit.Microseconds ? TimeSpan.FromTicks((long)(nanoseconds / TimeSpan.NanosecondsPerTick)) : null;
}
