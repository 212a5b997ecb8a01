using Microsoft.Extensions.Options;
using Podflare.Configuration;
using Podflare.Feeds;
using Podflare.Pages;
using Podflare.Snapshots;

namespace Podflare.Hosting;

/// <summary>Writes the page, its summary and its style as files after each change, for a proxy to serve while this process is down.</summary>
internal sealed partial class StaticSnapshotWriter(
    SnapshotStore store, DataFolder folder, Layout layout, Assets assets, PublicAddress address, IOptions<StatusOptions> options, ILogger<StaticSnapshotWriter> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
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
                LogFailed(e.Message);
            }

            await next.WaitAsync(stoppingToken);
        }
    }

    private void Write(Snapshot snapshot)
    {
        WriteFile("index.html", System.Text.Encoding.UTF8.GetBytes(IndexPage.Render(snapshot, layout)));
        WriteFile("summary.json", FeedEndpoints.Summary(snapshot, address.Url, options.Value.Name));
        foreach (var name in new[] { "site.css", "site.js" })
        {
            var path = assets.Path(name);
            if (!File.Exists(Path.Combine(folder.Path, "public", path[1..]))) WriteFile(path[1..], assets.Find(path.Split('/')[2], name)!.Value.Content);
        }
    }

    private void WriteFile(string name, byte[] content)
    {
        var path = Path.Combine(folder.Path, "public", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".part", content);
        File.Move(path + ".part", path, overwrite: true);
    }

    [LoggerMessage(LogLevel.Warning, "The copies of the page were not written: {Message}")]
    private partial void LogFailed(string message);
}
