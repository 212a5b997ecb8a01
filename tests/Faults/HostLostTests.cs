using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>A host is away for longer than the grace time.</summary>
[Collection("outages")]
public sealed class HostLostTests(OutageLab lab)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commands_are_refused_for_the_grace_time_then_runs_end_lost_and_the_returning_host_removes_its_containers()
    {
        var (read, asked) = (await lab.CreateOnAsync("worker1"), await lab.CreateOnAsync("worker1"));
        var other = await lab.CreateOnAsync("worker2");
        var going = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var transcript = new Transcript(lab.Audit, $"{read} read");
        var reading = lab.ReadAsync(read, lab.Script(script => script with { End = ScriptEnd.Delete }), transcript, () =>
        {
            going.TrySetResult();
            return Task.CompletedTask;
        });
        await going.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        await lab.Cluster.StopForGoodAsync("worker1");
        var away = Clock.Now;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "sandbox_unreachable"), await ExecAsync(asked));
        await Until.TrueAsync(async () => await ExecAsync(asked) == (HttpStatusCode.Gone, "sandbox_lost"), TimeSpan.FromSeconds(40), "commands say that it is lost");
        Assert.True(Clock.Now - away > TimeSpan.FromSeconds(12), "The grace time was not waited for.");
        Assert.Equal("1\n", await lab.BashAsync(other, "echo 1"));

        // Nobody calls this one but its reader: the host's reminder ends it, within another minute.
        await reading.WaitAsync(TimeSpan.FromSeconds(90), Cancelled);
        Assert.Equal((255, "lost"), (transcript.Exit!.Code, transcript.Exit.Reason));
        Assert.Equal("lost", (await lab.GetAsync($"/v1/sandboxes/{read}")).GetProperty("state").GetString());

        await lab.Cluster.ScriptAsync("up");
        await lab.AssertGoneAsync(read);
        await lab.AssertGoneAsync(asked);
        Assert.Equal((HttpStatusCode.Gone, "sandbox_lost"), await ExecAsync(asked));
        await lab.DeleteAsync(other);
        lab.AssertClean();
    }

    /// <summary>A command as an impatient client makes it.</summary>
    private async Task<(HttpStatusCode, string)> ExecAsync(string sandbox)
    {
        using var http = new HttpClient { BaseAddress = lab.Cluster.Frontend(1) };
        using var answer = await http.PostAsJsonAsync($"/v1/sandboxes/{sandbox}/exec", new { code = "print(1)" }, Cancelled);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        return (answer.StatusCode, problem.GetProperty("code").GetString()!);
    }
}
