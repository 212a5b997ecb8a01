using System.Globalization;

namespace Podflare.Hosts;

/// <summary>How much of this machine's CPU time is left over.</summary>
/// <param name="read">CPU time in which nothing was to do, and all CPU time, since the machine started, in any unit; null where that is not known.</param>
public sealed class HostCpu(Func<(long Idle, long Total)?> read)
{
    private const string File = "/proc/stat";
    private const int IdleField = 4;
    private const int IoWaitField = 5;

    // Time of virtual machines is part of that of users.
    private const int LastField = 8;

    private (long Idle, long Total)? _last;

    /// <summary>The machine on which this process runs.</summary>
    public static HostCpu OfThisMachine() => new(ReadTimes);

    /// <summary>The share of the machine's CPU time that was idle since the last call: 0 to 1. Zero at the first call, and where it is not known.</summary>
    public double TakeIdleShare()
    {
        var (before, now) = (_last, read());
        _last = now;
        return before is { } from && now is { } to && to.Total > from.Total ? Math.Clamp((double)(to.Idle - from.Idle) / (to.Total - from.Total), 0, 1) : 0;
    }

    private static (long Idle, long Total)? ReadTimes()
    {
        try
        {
            using var lines = System.IO.File.ReadLines(File).GetEnumerator();
            if (!lines.MoveNext()) return null;
            var fields = lines.Current.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length <= LastField) return null;
            var times = fields[1..(LastField + 1)].Select(field => long.Parse(field, NumberStyles.None, CultureInfo.InvariantCulture)).ToArray();
            return (times[IdleField - 1] + times[IoWaitField - 1], times.Sum());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }
}
