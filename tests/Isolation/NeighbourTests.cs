using System.Runtime.Versioning;
using Docker.DotNet.Models;

namespace Podflare.Isolation;

/// <summary>What one sandbox makes, and whether another one beside it finds it. Without the layer that keeps them apart, it does.</summary>
[SupportedOSPlatform("linux")]
public sealed class NeighbourTests(Wall wall)
{
    [Fact(Timeout = 120_000)]
    public Task A_neighbours_abstract_socket_is_unreachable() => HoldsOnlyWithAsync("neighbours/abstract_socket", Without.OwnNetwork);

    [Fact(Timeout = 120_000)]
    public Task The_names_of_a_neighbours_sockets_are_invisible() => HoldsOnlyWithAsync("neighbours/socket_name", Without.OwnNetwork);

    [Fact(Timeout = 120_000)]
    public Task A_neighbours_port_is_unreachable() => HoldsOnlyWithAsync("neighbours/port", Without.OwnNetwork);

    [Fact(Timeout = 120_000)]
    public Task A_neighbours_segment_is_invisible() => HoldsOnlyWithAsync("neighbours/segment", Without.PrivateIpc);

    [Fact(Timeout = 120_000)]
    public Task A_neighbours_message_queue_is_invisible() => HoldsOnlyWithAsync("neighbours/message_queue", Without.PrivateIpc);

    [Fact(Timeout = 120_000)]
    public Task A_neighbours_semaphore_is_invisible() => HoldsOnlyWithAsync("neighbours/semaphore", Without.PrivateIpc);

    [Fact(Timeout = 120_000)]
    public Task A_neighbours_file_in_shared_memory_is_invisible() => HoldsOnlyWithAsync("neighbours/memory_file", Without.PrivateIpc);

    [Fact(Timeout = 120_000)]
    public async Task A_neighbours_private_file_is_unreadable_wherever_it_is()
    {
        var folder = Directory.CreateDirectory(Path.Combine(wall.Folder, "shared"));
        File.SetUnixFileMode(folder.FullName, folder.UnixFileMode | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        void Share(CreateContainerParameters settings) => settings.HostConfig!.Mounts!.Add(new Mount { Type = "bind", Source = folder.FullName, Target = "/tmp/shared" });
        Assert.Equal("held", await FindAsync("neighbours/private_file", Share));
        Assert.StartsWith("broken:", await FindAsync("neighbours/private_file", Share, sameUser: true), StringComparison.Ordinal);
    }

    private async Task HoldsOnlyWithAsync(string what, Action<CreateContainerParameters> without)
    {
        Assert.Equal("held", await FindAsync(what, null));
        Assert.StartsWith("broken:", await FindAsync(what, without), StringComparison.Ordinal);
    }

    private async Task<string> FindAsync(string what, Action<CreateContainerParameters>? change, bool sameUser = false)
    {
        var first = await wall.StartAsync(change);
        var second = wall.Spec();
        var neighbour = await wall.StartAsync(change, sameUser ? second with { User = first.Spec.User } : second);
        try
        {
            Assert.Equal("made", await first.TryAsync($"{what}_make"));
            var found = await neighbour.TryAsync($"{what}_find");
            Assert.Equal("removed", await first.TryAsync($"{what}_remove"));
            return found;
        }
        finally
        {
            await wall.RemoveAsync(first);
            await wall.RemoveAsync(neighbour);
        }
    }
}
