using System.Globalization;
using System.Net;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Files;

/// <summary>Files through two frontends to two workers, each a process of its own.</summary>
[Collection("cluster")]
public sealed class ClusterFilesTests(ClusterService cluster)
{
    private const int Megabytes = 200;
    private const long MaxGrowthBytes = 50 * 1024 * 1024;
    private static readonly string[] Names = ["worker1", "worker2", "frontend1", "frontend2"];

    [Fact]
    public async Task A_file_of_200_MB_goes_both_ways_and_no_process_grows_by_50_MB()
    {
        var sandbox = await cluster.First.CreateAsync();
        var (first, second) = (new FilesApi(cluster.First, sandbox), new FilesApi(cluster.Second, sandbox));

        // What the first transfer loads and compiles is no growth by the file.
        await first.PutAsync("/root/file", new SteppedContent(3));
        await second.HashAsync("/root/file");
        var before = Names.Select(name => MemoryOf(name, "VmRSS")).ToArray();
        foreach (var name in Names) await File.WriteAllTextAsync($"/proc/{ClusterService.ProcessId(name)}/clear_refs", "5", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, (await first.PutAsync("/root/file", new SteppedContent(Megabytes))).Status);
        Assert.Equal((Megabytes * 1_000_000L, SteppedContent.HashOf(Megabytes)), await second.HashAsync("/root/file"));
        var grown = Names.Select((name, i) => MemoryOf(name, "VmHWM") - before[i]).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", Names.Zip(grown, (name, bytes) => $"{name} {bytes / 1_048_576.0:+0.0;-0.0} MiB")));
        Assert.All(grown, bytes => Assert.InRange(bytes, long.MinValue, MaxGrowthBytes));
        await cluster.Second.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task Any_frontend_reaches_the_files_of_any_host()
    {
        var sandboxes = await cluster.CreateOnBothHostsAsync();
        await Task.WhenAll(sandboxes.Select(async sandbox =>
        {
            var (first, second) = (new FilesApi(cluster.First, sandbox), new FilesApi(cluster.Second, sandbox));
            await first.PutAsync("/root/a", sandbox);
            await second.PutAsync("/tmp/b", new SteppedContent(3));
            Assert.Equal(sandbox, (await second.GetAsync("/root/a")).Text);
            Assert.Equal((3_000_000, SteppedContent.HashOf(3)), await first.HashAsync("/tmp/b"));
            Assert.Equal(await first.NamesAsync("/"), await second.NamesAsync("/"));
            await second.DeleteAsync("/root/a");
            Assert.Empty(await first.NamesAsync("/root"));
            await cluster.First.DeleteAsync(sandbox);
        }));
    }

    [Fact]
    public async Task The_death_of_a_worker_in_mid_transfer_is_a_503_and_leaves_the_old_file()
    {
        var sandbox = await cluster.First.CreateAsync();
        var files = new FilesApi(cluster.First, sandbox);
        await files.PutAsync("/root/file", "old");
        var content = new SteppedContent(40, pauseAfter: 10);
        var uploading = files.PutAsync("/root/file", content);
        await content.Paused;
        await cluster.KillAsync(ClusterService.WorkerOf(sandbox));
        content.GoOn();
        var answer = await uploading;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("sandbox_unreachable", answer.Code);
        Assert.NotNull(answer.Headers.RetryAfter);

        // The next file call waits for the worker to come back by itself.
        await Until.TrueAsync(async () => (await files.GetAsync("/root/file")).Text == "old", TimeSpan.FromSeconds(60), "the worker is back");
        Assert.Equal(["file"], await files.NamesAsync("/root"));
        Assert.Equal(HttpStatusCode.NoContent, (await files.PutAsync("/root/file", "new")).Status);
        Assert.Equal("new\n", (await cluster.Second.RunAsync(sandbox, "print(open('file').read())")).Stdout);
        await cluster.First.DeleteAsync(sandbox);
    }

    private static long MemoryOf(string name, string field)
    {
        var line = File.ReadLines($"/proc/{ClusterService.ProcessId(name)}/status").Single(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
