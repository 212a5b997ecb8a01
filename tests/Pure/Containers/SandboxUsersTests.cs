using Microsoft.Extensions.Options;
using Podflare.Sandboxes;

namespace Podflare.Containers;

public sealed class SandboxUsersTests : IDisposable
{
    private const int Count = 64;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pf-");
    private readonly RunFolder _folder;

    public SandboxUsersTests()
    {
        var guest = _root.CreateSubdirectory("source").FullName;
        File.WriteAllText(Path.Combine(guest, "main.py"), "");
        _folder = RunFolder.Open(Path.Combine(_root.FullName, "run"), "0000002a", guest);
    }

    [Fact]
    public void Each_container_has_a_number_of_its_own()
    {
        var users = Users();
        var taken = Enumerable.Range(0, Count).Select(_ => users.Take(SandboxId.New("0000002a"), "/root")).ToArray();
        Assert.Equal(Count, taken.Distinct().Count());
        Assert.All(taken, user => Assert.True(users.Owns(user)));
        Assert.True(Assert.Throws<ContainerStartException>(() => users.Take(SandboxId.New("0000002a"), "/root")).Retry);
    }

    [Fact]
    public void The_number_that_has_been_free_the_longest_is_given_next()
    {
        var users = Users();
        var sandboxes = Enumerable.Range(0, Count).Select(_ => SandboxId.New("0000002a")).ToArray();
        var numbers = sandboxes.ToDictionary(sandbox => sandbox, sandbox => users.Take(sandbox, "/root"));
        foreach (var sandbox in (SandboxId[])[sandboxes[7], sandboxes[3], sandboxes[5]]) users.Release(sandbox);
        Assert.Equal(
            [numbers[sandboxes[7]], numbers[sandboxes[3]], numbers[sandboxes[5]]],
            Enumerable.Range(0, 3).Select(_ => users.Take(SandboxId.New("0000002a"), "/root")));
    }

    [Fact]
    public void A_number_is_not_free_before_its_container_is_gone()
    {
        var users = Users();
        var sandbox = SandboxId.New("0000002a");
        var user = users.Take(sandbox, "/root");
        var starting = users.Settled();
        users.EndStart(sandbox);

        // A list that was asked for while the container was being made need not have it.
        users.Reconcile(starting, []);
        Assert.DoesNotContain(user, TakeAll(users));

        users.Reconcile(users.Settled(), []);
        Assert.Contains(user, TakeAll(users));
    }

    [Fact]
    public void What_an_earlier_process_has_started_keeps_its_number()
    {
        var users = Users();
        var first = SandboxUsers.FirstOf("0000002a", Count);
        var sandbox = SandboxId.New("0000002a");
        users.Reconcile(users.Settled(), [new HostContainer("c", sandbox, "default", Running: true, 0, first + 1), new HostContainer("d", SandboxId.New("0000002a"), "default", Running: true, 0, 0)]);
        users.Reserve(first);
        var taken = TakeAll(users);
        Assert.Equal(Count - 2, taken.Count);
        Assert.DoesNotContain(first, taken);
        Assert.DoesNotContain(first + 1, taken);
        users.Release(sandbox);
        Assert.Contains(first + 1, TakeAll(users));
    }

    [Fact]
    public void The_blocks_of_hosts_are_within_the_range_and_apart()
    {
        string[] hosts = ["00000000", "00000001", "7fffffff", "ffffffff", "0000002a"];
        var blocks = hosts.Select(host => SandboxUsers.FirstOf(host, 16_384)).ToArray();
        Assert.All(blocks, first => Assert.InRange(first, SandboxUsers.First, SandboxUsers.Last - 16_383));
        Assert.All(blocks, first => Assert.Equal(0, (first - SandboxUsers.First) % 16_384));
        Assert.Equal(blocks.Length, blocks.Distinct().Count());
    }

    [Fact]
    public void The_files_of_a_number_come_and_go_with_it()
    {
        var users = Users();
        var sandbox = SandboxId.New("0000002a");
        var user = users.Take(sandbox, "/root");
        Assert.Contains($"user:x:{user}:{user}:user:/root:/bin/bash\n", File.ReadAllText(_folder.PasswdFile(user)), StringComparison.Ordinal);
        Assert.Contains($"user:x:{user}:\n", File.ReadAllText(_folder.GroupFile(user)), StringComparison.Ordinal);
        var stale = _folder.PasswdFile(user + 1);
        File.WriteAllText(stale, "");
        users.RemoveStaleFiles();
        Assert.False(File.Exists(stale));
        Assert.True(File.Exists(_folder.PasswdFile(user)));
        users.Release(sandbox);
        Assert.False(File.Exists(_folder.PasswdFile(user)));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _root.Delete(recursive: true);
    }

    private SandboxUsers Users() => new(Options.Create(new IsolationOptions { Users = Count }), new HostIdentity("test", "0000002a"), _folder);

    private static List<int> TakeAll(SandboxUsers users)
    {
        var taken = new List<int>();
        var sandboxes = new List<SandboxId>();
        try
        {
            while (true)
            {
                var sandbox = SandboxId.New("0000002a");
                taken.Add(users.Take(sandbox, "/root"));
                sandboxes.Add(sandbox);
            }
        }
        catch (ContainerStartException)
        {
            foreach (var sandbox in sandboxes) users.Release(sandbox);
            return taken;
        }
    }
}
