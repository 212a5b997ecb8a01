using System.Globalization;
using System.Runtime.InteropServices;

namespace Podflare.Containers;

/// <summary>
/// Changes the size of a file system in memory of a running container, which the engine cannot do. Works where this process is root and sees
/// the container's processes, as it does on the engine's own machine.
/// </summary>
internal static partial class TmpfsSize
{
    private const int CurrentFolder = -100;

    // The same numbers on every architecture. The mount is addressed through /proc, so it may be that of another mount namespace.
    private const nint FsConfig = 431;
    private const nint FsPick = 433;
    private const uint CloseOnExec = 1;

    // A link in the image would lead to a file system of this machine.
    private const uint NoFollow = 2;
    private const uint SetString = 1;
    private const uint Reconfigure = 7;

    /// <param name="process">A process of the container, as the worker sees it.</param>
    /// <param name="path">Where the file system is mounted in the container.</param>
    /// <param name="inodes">Null leaves their number alone.</param>
    /// <returns>False when it could not be changed, or is in use beyond the size.</returns>
    public static bool TrySet(long process, string path, long bytes, long? inodes)
    {
        if (process <= 0) return false;
        var context = (int)Pick(FsPick, CurrentFolder, string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/root{path}"), CloseOnExec | NoFollow);
        if (context < 0) return false;
        try
        {
            return Set(context, "size", bytes) && (inodes is not { } count || Set(context, "nr_inodes", count)) && Configure(FsConfig, context, Reconfigure, 0, 0, 0) == 0;
        }
        finally
        {
            _ = Close(context);
        }
    }

    private static bool Set(int context, string key, long value) => Configure(FsConfig, context, SetString, key, value.ToString(CultureInfo.InvariantCulture), 0) == 0;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Pick(nint number, nint folder, string path, nuint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Configure(nint number, nint context, nuint command, string key, string value, nint auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Configure(nint number, nint context, nuint command, nint key, nint value, nint auxiliary);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
