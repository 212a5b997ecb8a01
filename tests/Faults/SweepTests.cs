using System.Globalization;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Engine, records and socket folders are made to agree again by a sweep, which counts what it did.</summary>
[Collection("outages")]
public sealed class SweepTests(OutageLab lab)
{
    // The lab's sweeps are 2 s apart, and a list of a busy engine takes its time.
    private static readonly TimeSpan OneSweep = TimeSpan.FromSeconds(15);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_nobodys_is_removed_and_what_has_lost_its_container_is_ended_and_both_are_counted()
    {
        var sandbox = await lab.CreateOnAsync("worker1");
        var before = await CountAsync();
        var tail = Guid.NewGuid().ToString("N")[..16];
        var stray = $"sbx_{lab.HostOf("worker1")}{Guid.NewGuid().ToString("N")[..24]}";
        var folder = Path.Combine(lab.Cluster.Folder, "w1", "s", tail);

        // Without its engine a worker hears of none of this: a sweep has to find it.
        lab.BreakEngines();
        await Engine.RemoveAsync(await Engine.ListAsync(lab.Cluster.Id, sandbox));
        Directory.CreateDirectory(folder);
        await Engine.StartStrayAsync(
            $"podflare.cluster={lab.Cluster.Id}", $"podflare.host={lab.HostOf("worker1")}", $"podflare.sandbox={stray}", "podflare.template=default");
        lab.MendEngines();

        await Until.TrueAsync(async () => (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("state").GetString() == "lost", OneSweep, "the sandbox is lost");
        await Until.TrueAsync(async () => (await Engine.ListAsync(lab.Cluster.Id, stray)).Length == 0, OneSweep, "the stray container is gone");
        await Until.TrueAsync(() => Task.FromResult(!Directory.Exists(folder)), OneSweep, "the socket folder is gone");
        // The pool may have been starting one when the engine went, which is nobody's as well.
        await Until.TrueAsync(
            async () => await CountAsync() is var now && now.Ended == before.Ended + 1 && now.Strays > before.Strays && now.Folders > before.Folders,
            OneSweep,
            "each is counted");
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();
    }

    private async Task<(int Ended, int Strays, int Folders)> CountAsync()
    {
        using var http = new HttpClient { BaseAddress = lab.Cluster.Worker(0) };
        var lines = (await http.GetStringAsync("/metrics", Cancelled)).Split('\n');
        return (Read("podflare_sweep_ended_total", "container"), Read("podflare_sweep_removed_total", "stray"), Read("podflare_sweep_removed_total", "folder"));

        int Read(string name, string reason) => lines
            .Where(line => line.StartsWith($"{name}{{", StringComparison.Ordinal) && line.Contains($"reason=\"{reason}\"", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
    }
}
