using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>One host cannot start containers, and another one can: no client notices more than a delay.</summary>
[Collection("sick hosts")]
public sealed class SickHostTests(SickLab lab)
{
    private const int Creates = 50;
    private const int AtATime = 4;

    /// <summary>The limit of one host (<c>Podflare:Directory</c>: <c>ClaimSeconds</c> and <c>WaitSeconds</c>), and 5 s for the start on the other one.</summary>
    private static readonly TimeSpan CreateLimit = TimeSpan.FromSeconds(5 + 10 + 5);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public Task No_create_fails_while_one_engine_hangs() => CreateWhileSickAsync(() => lab.Cluster.Engines[0].Break(Cut.Stall), lab.MendEngines);

    [Fact]
    public async Task No_create_fails_while_one_run_folder_cannot_be_written()
    {
        var folder = lab.Cluster.RunFolder("worker1");
        await CreateWhileSickAsync(() => BrokenFolder.Break(folder), () => BrokenFolder.Mend(folder));
    }

    private async Task CreateWhileSickAsync(Action hurt, Action mend)
    {
        var host = lab.HostOf("worker1");
        var refusals = new List<string>();
        var sick = new List<string>();
        hurt();
        try
        {
            await Parallel.ForAsync(0, Creates, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = Cancelled }, async (number, _) =>
            {
                var (sandbox, refusal) = await CreateAsync(number % 2);
                if (sandbox is null)
                {
                    lock (refusals) refusals.Add(refusal);
                }
                else if (sandbox.Substring(4, 8) == host)
                {
                    // It was parked before. The sick host cannot remove it.
                    lock (sick) sick.Add(sandbox);
                }
                else
                {
                    await lab.DeleteAsync(sandbox);
                }
            });
        }
        finally
        {
            mend();
        }

        Assert.True(refusals.Count == 0, $"{refusals.Count} of {Creates} failed, the first: {refusals.FirstOrDefault()}");
        foreach (var sandbox in sick) await lab.DeleteAsync(sandbox);
        foreach (var worker in FaultCluster.Workers) await lab.Cluster.ReadyAsync(worker, TimeSpan.FromSeconds(30));
        await lab.DeleteAsync(await lab.CreateOnAsync("worker1"));
        lab.AssertClean();
    }

    /// <summary>A create by a client that makes each request once.</summary>
    private async Task<(string? Sandbox, string Refusal)> CreateAsync(int frontend)
    {
        using var http = new HttpClient { BaseAddress = lab.Cluster.Frontend(frontend) };
        var began = Stopwatch.GetTimestamp();
        using var answer = await http.PostAsJsonAsync("/v1/sandboxes", new { }, Cancelled);
        var took = Stopwatch.GetElapsedTime(began);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        if (!answer.IsSuccessStatusCode) return (null, $"{(int)answer.StatusCode} after {took.TotalSeconds:0.0} s: {body}");
        return took < CreateLimit ? (body.GetProperty("id").GetString(), "") : (null, $"created only after {took.TotalSeconds:0.0} s");
    }
}
