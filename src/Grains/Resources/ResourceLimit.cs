namespace Podflare.Resources;

/// <summary>More than any machine has: a guest that reports more is not believed.</summary>
internal static class ResourceLimit
{
    public const long Bytes = 1L << 50;
    public const int Count = 1 << 30;

    /// <summary>A week of a thousand CPUs.</summary>
    public const long Microseconds = 7L * 24 * 60 * 60 * 1_000_000 * 1024;
}
