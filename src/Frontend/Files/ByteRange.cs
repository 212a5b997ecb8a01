using Microsoft.Net.Http.Headers;

namespace Podflare.Files;

/// <summary>A byte range of a request, applied to a file.</summary>
internal static class ByteRange
{
    /// <returns>Null when no byte of it exists.</returns>
    public static FileRange? Of(RangeItemHeaderValue range, long size)
    {
        if (range.From is { } from) return from < size ? new FileRange(from, Math.Min(range.To ?? long.MaxValue, size - 1) - from + 1) : null;
        var last = Math.Min(range.To ?? 0, size);
        return last > 0 ? new FileRange(size - last, last) : null;
    }
}
