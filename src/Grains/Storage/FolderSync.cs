using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Podflare.Storage;

/// <summary>Makes the names of files in a folder durable, which .NET has no call for.</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0;

    /// <summary>Returns when files that were created, renamed or deleted in the folder are so on the disk too.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk reports an error.</exception>
    public static void Flush(string folder)
    {
        using var handle = Open(folder, ReadOnly);
        if (handle.IsInvalid || Sync(handle) != 0) throw new IOException($"The folder {folder} cannot be written to the disk: {new Win32Exception().Message}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle folder);
}
