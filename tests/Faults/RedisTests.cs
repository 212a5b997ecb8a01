using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Redis goes away, and comes back.</summary>
[Collection("outages")]
public sealed class RedisTests(OutageLab lab)
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_Redis_is_away_for_30_s_programs_run_on_nothing_is_lost_and_new_work_is_refused()
    {
        var (steady, chatty) = (await lab.CreateAsync(), await lab.CreateAsync());
        var going = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Long enough also where the second program takes its 20 s to start.
        var running = lab.RunAsync(steady, lab.Script(script => script with { Count = 540, PauseMs = 100 }), () =>
        {
            going.TrySetResult();
            return Task.CompletedTask;
        });
        await going.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        var resumes = lab.Audit.Resumes;

        // More than the guest's ring of 8 MiB holds: this program is held up until the log takes its lines again.
        var writing = lab.RunAsync(chatty, lab.Script(script => script with { Count = 120, Payload = 40_000, PauseMs = 60 }));
        await Until.TrueAsync(async () => (await lab.Cluster.ListKeysAsync()).Any(key => key.Contains($"{{{chatty}}}:events", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), "both programs print");
        var cut = Clock.Now;
        lab.Cluster.RedisProxy.Break(Cut.Refuse);
        try
        {
            await Task.WhenAll(AssertRefusedAsync($"/v1/sandboxes/{steady}/exec", new { code = "print(1)" }), AssertRefusedAsync("/v1/sandboxes", new { }));
            for (var number = 0; number < 2; number++)
            {
                using var http = new HttpClient { BaseAddress = lab.Cluster.Frontend(number) };
                Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz", Cancelled)).StatusCode);
            }

            if (cut + Away - Clock.Now is { Ticks: > 0 } rest) await Clock.Delay(rest, Cancelled);
        }
        finally
        {
            lab.Cluster.RedisProxy.Mend();
        }

        var mended = Clock.Now;
        var transcript = await running;
        var during = transcript.Events.Count(e => DateTimeOffset.FromUnixTimeMilliseconds(e.Ts) is var at && at > cut + Margin && at < mended - Margin);
        Assert.True(during > 150, $"The program printed {during} lines while Redis was away.");
        Assert.Equal(resumes, lab.Audit.Resumes);
        await writing;
        Assert.Equal("1\n", await lab.BashAsync(steady, "echo 1"));
        await lab.DeleteAsync(steady);
        await lab.DeleteAsync(chatty);
        lab.AssertClean();
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public async Task A_restart_of_Redis_loses_nothing(string signal)
    {
        var sandbox = await lab.CreateAsync();
        var hit = false;
        var transcript = await lab.RunAsync(sandbox, lab.Script(script => script with { Count = 150 }), () =>
        {
            hit = hit || lab.Cluster.Signal("redis", signal) is not null;
            return Task.CompletedTask;
        });
        var stored = new Transcript(lab.Audit, $"{transcript.Name} (log)") { Run = transcript.Run };
        await lab.Client.FollowAsync(sandbox, stored, 1, null, Cancelled);
        Assert.Equal(transcript.Lines, stored.Lines);
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    private async Task AssertRefusedAsync(string path, object body)
    {
        using var http = new HttpClient { BaseAddress = lab.Cluster.Frontend(0) };
        using var answer = await http.PostAsJsonAsync(path, body, Cancelled);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "storage_unavailable"), (answer.StatusCode, problem.GetProperty("code").GetString()));
        Assert.NotNull(answer.Headers.RetryAfter);
    }
}
