using System.Globalization;
using Podflare.Resources;

namespace Podflare.Runs;

/// <summary>The usage of a run that ended in its first batch as one short text, for the same reason as <see cref="ShortRun"/>: six numbers, a dash for one that is not known.</summary>
internal static class ShortUsage
{
    private const string Unknown = "-";
    private const int Fields = 6;

    /// <returns>Empty for no usage.</returns>
    public static string Write(ResourceUsage? usage) => usage is null ? "" : string.Join(
        ' ', ((long?[])[usage.CpuMicroseconds, usage.ThrottledMicroseconds, usage.MemoryPeakBytes, usage.ProcessesPeak, usage.DiskBytes, usage.OomKills])
            .Select(value => value?.ToString(CultureInfo.InvariantCulture) ?? Unknown));

    /// <exception cref="FormatException">The text was not written by <see cref="Write"/>.</exception>
    public static ResourceUsage? Read(string? text)
    {
        if (text is null or "") return null;
        var parts = text.Split(' ');
        if (parts.Length < Fields) throw new FormatException($"A short usage has {parts.Length} fields.");
        return new ResourceUsage(Number(parts[0]), Number(parts[1]), Number(parts[2]), (int?)Number(parts[3]), Number(parts[4]), (int?)Number(parts[5]));
    }

    private static long? Number(string text) => text == Unknown ? null : long.Parse(text, CultureInfo.InvariantCulture);
}
