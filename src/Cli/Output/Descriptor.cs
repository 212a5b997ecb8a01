using System.Runtime.InteropServices;

namespace Podflare.Cli.Output;

/// <summary>What the operating system knows of an output and .NET does not tell.</summary>
internal static partial class Descriptor
{
    private const short Error = 0x8;

    /// <summary>Whether the other end of a pipe is closed.</summary>
    public static bool IsReaderGone(int descriptor)
    {
        if (OperatingSystem.IsWindows()) return false;
        var asked = new PollEntry { Descriptor = descriptor };
        return Poll(ref asked, 1, 0) == 1 && (asked.Found & Error) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }
}
