using System.Globalization;

namespace Podflare.Hosts;

/// <summary>The memory of this machine: what may be promised to sandboxes, and what is free now.</summary>
public sealed class HostMemory
{
    private const string File = "/proc/meminfo";
    private const string Field = "MemAvailable:";

    private readonly Func<long> _available;

    /// <param name="total">The machine's memory in bytes.</param>
    /// <param name="available">Bytes that programs can get without swapping.</param>
    public HostMemory(HostOptions options, long total, Func<long> available)
    {
        _available = available;
        TotalBytes = total;
        ReserveBytes = options.ReserveMib is { } reserve ? reserve << 20 : Math.Max(1L << 30, total / 10);
        LimitBytes = options.MemoryMib is { } limit ? limit << 20 : Math.Max(64L << 20, (long)(options.Overcommit * (total - ReserveBytes)));
    }

    /// <summary>The memory of the machine on which this process runs.</summary>
    public static HostMemory OfThisMachine(HostOptions options) => new(options, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, ReadAvailable);

    /// <summary>The machine's memory.</summary>
    public long TotalBytes { get; }

    /// <summary>What is kept for the system and for Podflare itself.</summary>
    public long ReserveBytes { get; }

    /// <summary>The sum of the memory limits that sandboxes may have.</summary>
    public long LimitBytes { get; }

    /// <summary>Whether a sandbox that used all of its limit at once would leave the reserve alone.</summary>
    public bool HasFree(long bytes) => bytes <= _available() - ReserveBytes;

    // Where the kernel does not say it, the sum of the limits alone decides.
    private static long ReadAvailable()
    {
        try
        {
            var line = System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            return line is not null && long.TryParse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kib) ? kib << 10 : long.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return long.MaxValue;
        }
    }
}
