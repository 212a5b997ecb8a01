using System.Runtime.InteropServices;

namespace Podflare.EgressProxy.Hosting;

/// <summary>The file of the control socket.</summary>
internal static partial class ProxySocket
{
    private const uint OnlyOwnerReadsAndWrites = 0x7F; // 0177

    /// <summary>Removes what an earlier process left, and makes sure that the socket is for its owner alone (0600).</summary>
    public static void Prepare(string path)
    {
        File.Delete(path);
        _ = SetMask(OnlyOwnerReadsAndWrites);
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
