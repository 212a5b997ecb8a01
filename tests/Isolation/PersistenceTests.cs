using System.Runtime.Versioning;
using Docker.DotNet.Models;
using Podflare.EndToEnd.Services;

namespace Podflare.Isolation;

/// <summary>What a sandbox leaves behind, and whether the next one finds it: one that has the same user number, or one of the warm pool.</summary>
[SupportedOSPlatform("linux")]
public sealed class PersistenceTests(Wall wall, EmbeddedService service)
{
    public static TheoryData<string> Traces => ["files", "start", "process", "segment"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Traces))]
    public async Task A_removed_container_leaves_nothing_for_the_next_with_its_user(string trace)
    {
        var first = await wall.StartAsync();
        try
        {
            Assert.Equal("left", await first.TryAsync($"persistence/{trace}_leave"));

            // Whoever was given the container itself would find it.
            Assert.StartsWith("broken:", await first.TryAsync($"persistence/{trace}_find"), StringComparison.Ordinal);
        }
        finally
        {
            await wall.RemoveAsync(first);
        }

        Assert.Equal("held", await FindAsync(trace, first));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Traces))]
    public async Task A_sandbox_of_the_pool_finds_nothing_of_one_that_was_deleted(string trace)
    {
        Assert.Equal("left", await RunAndDeleteAsync($"persistence/{trace}_leave"));
        Assert.Equal("held", await RunAndDeleteAsync($"persistence/{trace}_find"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Files_are_gone_because_they_are_in_the_memory_of_their_container()
    {
        var folder = Directory.CreateDirectory(Path.Combine(wall.Folder, "kept"));
        File.SetUnixFileMode(folder.FullName, folder.UnixFileMode | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        Assert.StartsWith("broken:", await LeaveAndFindAsync("files", Without.OwnTemporaryFiles(folder.FullName)), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Segments_are_gone_because_the_namespace_of_their_container_is()
    {
        try
        {
            Assert.StartsWith("broken:", await LeaveAndFindAsync("segment", Without.PrivateIpc), StringComparison.Ordinal);
        }
        finally
        {
            Assert.Equal("removed", await wall.TryAsync("persistence/segment_remove", Without.PrivateIpc));
        }
    }

    private async Task<string> LeaveAndFindAsync(string trace, Action<CreateContainerParameters> without)
    {
        var first = await wall.StartAsync(without);
        try
        {
            Assert.Equal("left", await first.TryAsync($"persistence/{trace}_leave"));
        }
        finally
        {
            await wall.RemoveAsync(first);
        }

        return await FindAsync(trace, first, without);
    }

    private async Task<string> FindAsync(string trace, Cell first, Action<CreateContainerParameters>? without = null)
    {
        var next = await wall.StartAsync(without, wall.Spec() with { User = first.Spec.User });
        try
        {
            return await next.TryAsync($"persistence/{trace}_find");
        }
        finally
        {
            await wall.RemoveAsync(next);
        }
    }

    private async Task<string> RunAndDeleteAsync(string name)
    {
        var attempt = await Attempt.ReadAsync(name);
        var sandbox = await service.Api.CreateAsync();
        try
        {
            return (await service.Api.RunAsync(sandbox, attempt.Steps[0])).Stdout.TrimEnd().Split('\n')[^1];
        }
        finally
        {
            await service.Api.DeleteAsync(sandbox);
        }
    }
}
