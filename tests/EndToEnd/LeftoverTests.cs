using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd;

/// <summary>What a day of use leaves behind: nothing.</summary>
[Collection("cluster")]
public sealed class LeftoverTests(ClusterService cluster)
{
    private static readonly int[] Workers = [1, 2];

    private const int Sandboxes = 20;
    private const int Rounds = 10;

    [Fact]
    public async Task Sandboxes_that_come_and_go_leave_no_container_socket_or_process()
    {
        // What another test left behind is that test's failure.
        var (containers, folders) = (await Engine.ListUsedAsync(cluster.Cluster), SocketFolders());
        for (var round = 0; round < Rounds; round++)
        {
            var used = await Task.WhenAll(Enumerable.Range(0, Sandboxes).Select(UseAsync));
            Assert.All(used, Assert.True);
        }

        await Until.TrueAsync(async () => !(await Engine.ListUsedAsync(cluster.Cluster)).Except(containers).Any(), TimeSpan.FromSeconds(180), "all containers but the parked ones are gone");
        await Until.TrueAsync(() => Task.FromResult(!SocketFolders().Except(folders).Any()), TimeSpan.FromSeconds(10), "all socket folders but those of parked containers are gone");
        Assert.InRange((await Engine.ListAsync(cluster.Cluster)).Length, 1, 2 * 16);
        foreach (var worker in Workers)
        {
            // One descriptor per guest would still be open here.
            var sockets = Directory.GetFiles($"/proc/{ClusterService.ProcessId($"worker{worker}")}/fd").Length;
            Assert.InRange(sockets, 1, 400);
        }
    }

    private async Task<bool> UseAsync(int i)
    {
        var (creates, runs) = i % 2 == 0 ? (cluster.First, cluster.Second) : (cluster.Second, cluster.First);
        var sandbox = await creates.CreateAsync();
        var run = await runs.RunAsync(sandbox, $"print({i} * 2)");
        await creates.DeleteAsync(sandbox);
        return run.Stdout == $"{i * 2}\n";
    }

    private static string[] SocketFolders() =>
        [.. Workers.Select(number => $"w{number}").Select(folder => Path.Combine(TestRun.Folder, "c", folder, "s")).Where(Directory.Exists).SelectMany(Directory.GetDirectories).Where(folder => !File.Exists(Path.Combine(folder, "parked")))];
}
