using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Sandboxes;

namespace Podflare.Guests;

[SupportedOSPlatform("linux")]
public sealed class GuestListenerTests
{
    [Fact(Timeout = 30_000)]
    public async Task Socket_and_folder_belong_to_the_owner_alone()
    {
        await using var bench = new GuestBench();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(bench.Socket));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(bench.Folder.SocketFolder(bench.Sandbox)));
        Assert.Equal($"{bench.Folder.Path}/s/{bench.Sandbox.Tail}/s", bench.Socket);
    }

    [Fact(Timeout = 30_000)]
    public async Task Opening_twice_gives_the_same_port_and_closing_twice_is_fine()
    {
        await using var bench = new GuestBench();
        Assert.Same(bench.Port, bench.Listener.Open(bench.Sandbox));
        Assert.Same(bench.Port, bench.Listener.Find(bench.Sandbox));
        await bench.Listener.CloseAsync(bench.Sandbox);
        await bench.Listener.CloseAsync(bench.Sandbox);
        Assert.Null(bench.Listener.Find(bench.Sandbox));
        Assert.False(Directory.Exists(bench.Folder.SocketFolder(bench.Sandbox)));
        bench.Listener.Open(bench.Sandbox);
        using var guest = await ScriptedGuest.ConnectAsync(bench.Socket);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_socket_that_a_dead_process_left_is_replaced_in_the_folder_that_is_mounted()
    {
        await using var bench = new GuestBench();
        var sandbox = SandboxId.New("0a0b0c0d");
        Directory.CreateDirectory(bench.Folder.SocketFolder(sandbox));
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(bench.Folder.SocketPath(sandbox)));
            bench.Listener.Open(sandbox);
            using var guest = await ScriptedGuest.ConnectAsync(bench.Folder.SocketPath(sandbox));
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_path_too_long_for_a_socket_is_named()
    {
        var root = Directory.CreateTempSubdirectory("pf-");
        File.WriteAllText(Path.Combine(root.FullName, "main.py"), "");
        using var folder = RunFolder.Open(Path.Combine(root.FullName, new string('x', 90)), null, root.FullName);
        await using var listener = new GuestListener(folder, Options.Create(new GuestOptions()), TimeProvider.System, new GuestBench.ErrorLog());
        var error = Assert.Throws<InvalidOperationException>(() => listener.Open(SandboxId.New("0a0b0c0d")));
        Assert.Contains("107", error.Message, StringComparison.Ordinal);
        root.Delete(recursive: true);
    }

    [Fact(Timeout = 30_000)]
    public async Task Folders_stay_when_the_process_goes_and_stale_ones_can_be_removed()
    {
        await using var bench = new GuestBench();
        var stale = SandboxId.New("0a0b0c0d");
        Directory.CreateDirectory(bench.Folder.SocketFolder(stale));
        File.WriteAllText(bench.Folder.SocketPath(stale), "");
        Assert.Equal(new[] { bench.Sandbox.Tail, stale.Tail }.Order(), bench.Listener.ListTails().Order());
        Assert.True(bench.Listener.RemoveStale(stale.Tail));
        Assert.False(bench.Listener.RemoveStale(bench.Sandbox.Tail));
        Assert.Throws<ArgumentException>(() => bench.Listener.RemoveStale("../../etc/passwdx"));
        await bench.Listener.DisposeAsync();
        Assert.Equal([bench.Sandbox.Tail], bench.Listener.ListTails());
        Assert.Throws<ObjectDisposedException>(() => bench.Listener.Open(stale));
    }
}
