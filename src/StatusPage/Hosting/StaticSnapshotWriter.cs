using Microsoft.Extensions.Options;
using Podflare.Background;
using Podflare.Configuration;
using Podflare.Feeds;
using Podflare.Pages;
using Podflare.Probes;
using Podflare.Snapshots;

namespace Podflare.Hosting;

/// <summary>Writes the page, its summary and its assets to files after each change, so that a proxy can serve them while this process is down.</summary>
internal sealed class StaticSnapshotWriter(
    SnapshotStore store, DataFolder folder, Layout layout, Assets assets, PublicAddress address, HealthMonitor monitor, IOptions<StatusOptions> options, Supervisor supervisor, TimeProvider time)
    : SupervisedService("static_copies", supervisor)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = store.NextAsync();
            try
            {
                Write(store.Current);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Supervisor.RecordFailure(TaskName, e);
                await Task.WhenAny(next, Task.Delay(RetryDelay, time, stoppingToken));
                continue;
            }

            await next.WaitAsync(stoppingToken);
        }
    }

    private void Write(Snapshot snapshot)
    {
        WriteFile("index.html", System.Text.Encoding.UTF8.GetBytes(IndexPage.Render(snapshot, layout, monitor.LastCheck)));
        WriteFile("summary.json", FeedEndpoints.Summary(snapshot, address.Url, options.Value.Name));
        foreach (var path in assets.Paths)
        {
            if (!File.Exists(Path.Combine(folder.Path, "public", path[1..]))) WriteFile(path[1..], assets.Find(path)!.Value.Content);
        }
    }

    private void WriteFile(string name, byte[] content)
    {
        var path = Path.Combine(folder.Path, "public", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".part", content);
        File.Move(path + ".part", path, overwrite: true);
    }
}
