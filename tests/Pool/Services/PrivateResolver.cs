using System.Diagnostics;
using Podflare.EndToEnd.Services;

namespace Podflare.Pool.Services;

/// <summary>Starts programs that see another <c>/etc/resolv.conf</c> than the machine, in a mount namespace of their own.</summary>
internal static class PrivateResolver
{
    public static ProcessStartInfo Start(string server, params string[] program)
    {
        var file = Path.Combine(TestRun.Folder, $"resolv.{server}");
        File.WriteAllText(file, $"nameserver {server}\noptions timeout:2 attempts:2\n");
        // The process keeps its number: both programs end in exec.
        return new ProcessStartInfo("unshare", ["--mount", "--propagation", "private", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", file, .. program]);
    }
}
