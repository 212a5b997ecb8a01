using System.Runtime.InteropServices;

namespace Podflare.Cli.Output;

/// <summary>File descriptor checks that .NET does not offer.</summary>
internal static partial class Descriptor
{
    private const short Error = 0x8;

    /// <summary>Whether the reading end of a pipe is closed.</summary>
    public static bool IsReaderGone(int descriptor)
    {
        if (OperatingSystem.IsWindows()) return false;
        var entry = new PollEntry { Descriptor = descriptor };
        return Poll(ref entry, 1, 0) == 1 && (entry.ReturnedEvents & Error) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short RequestedEvents;
        public short ReturnedEvents;
    }
}
