using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Chaos;
using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Each way in which a sandbox or a run is ended by a limit says so, over whichever worker.</summary>
[Collection("outages")]
public sealed class EndingTests(OutageLab lab)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_idle_sandbox_ends_after_its_time_and_not_while_a_run_is_open()
    {
        var sandbox = await lab.CreateAsync(new JsonObject { ["idle_timeout_seconds"] = 2 });
        var transcript = await lab.RunAsync(sandbox, lab.Script(script => script with { Count = 3, QuietSeconds = 4 }));
        Assert.Equal(0, transcript.Exit!.Code);
        await AssertEndsAsync(sandbox, "idle");
    }

    [Fact]
    public async Task A_sandbox_whose_lifetime_is_over_ends_its_open_run_as_expired()
    {
        var sandbox = await lab.CreateAsync(new JsonObject { ["timeout_seconds"] = 4 });
        var transcript = new Transcript(lab.Audit, $"{sandbox} expires");
        await lab.ReadAsync(sandbox, lab.Script(script => script with { End = ScriptEnd.Delete }), transcript);
        Assert.Equal((137, "expired"), (transcript.Exit!.Code, transcript.Exit.Reason));
        await AssertEndsAsync(sandbox, "expired");
    }

    [Fact]
    public async Task A_run_that_asks_for_it_is_interrupted_when_its_reader_has_left_and_its_state_is_kept()
    {
        var sandbox = await lab.CreateAsync();
        await lab.RunAsync(sandbox, lab.Script());
        string run;
        using (var http = new HttpClient { BaseAddress = lab.Cluster.Frontend(0) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/sandboxes/{sandbox}/exec");
            request.Content = JsonContent.Create(new { code = "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.01)", on_disconnect = "interrupt" });
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            run = answer.Headers.GetValues("Podflare-Run-Id").Single();
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
            Assert.NotNull(await lines.ReadLineAsync(Cancelled));
        }

        var path = $"/v1/sandboxes/{sandbox}/runs/{run}";
        await Until.TrueAsync(async () => (await lab.GetAsync(path)).GetProperty("state").GetString() == "ended", TimeSpan.FromSeconds(20), "the run is interrupted");
        var ended = await lab.GetAsync(path);
        Assert.Equal((130, "interrupted"), (ended.GetProperty("exit_code").GetInt32(), ended.GetProperty("reason").GetString()));
        var next = new Transcript(lab.Audit, $"{sandbox} next");
        await lab.ReadAsync(sandbox, lab.Script(script => script with { Count = 1 }), next);
        Assert.EndsWith(" lab\n", next.Events[0].Text, StringComparison.Ordinal);
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    [Fact]
    public async Task A_run_that_does_not_obey_its_timeout_is_killed_with_all_that_it_has_started()
    {
        var sandbox = await lab.CreateAsync();
        const string Code = """
            import signal, subprocess, time
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            subprocess.Popen(['sleep', '601'], start_new_session=True)
            print('up', flush=True)
            while True: time.sleep(0.01)
            """;
        var transcript = new Transcript(lab.Audit, $"{sandbox} timeout");
        await lab.Client.ExecAsync(sandbox, new JsonObject { ["code"] = Code, ["timeout_seconds"] = 1 }, "timeout", replays: false, transcript, 0, null, Cancelled);
        Assert.Equal((124, "timeout"), (transcript.Exit!.Code, transcript.Exit.Reason));
        Assert.Equal("0\n", await lab.BashAsync(sandbox, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep [6]01'"));
        var next = await lab.RunAsync(sandbox, lab.Script());
        Assert.True((await lab.GetAsync($"/v1/sandboxes/{sandbox}/runs/{next.Run}")).GetProperty("repl_restarted").GetBoolean());
        await lab.DeleteAsync(sandbox);
        lab.AssertClean();
    }

    private async Task AssertEndsAsync(string sandbox, string reason)
    {
        await Until.TrueAsync(async () => (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("state").GetString() == "ended", TimeSpan.FromSeconds(15), $"the sandbox is {reason}");
        Assert.Equal(reason, (await lab.GetAsync($"/v1/sandboxes/{sandbox}")).GetProperty("ended_reason").GetString());
        var exec = await lab.Client.SendAsync(HttpMethod.Post, $"/v1/sandboxes/{sandbox}/exec", new() { ["code"] = "print(1)" }, null, 0, Cancelled);
        Assert.Equal((410, "sandbox_ended"), (exec.Status, exec.Code));
        await lab.AssertGoneAsync(sandbox);
        lab.AssertClean();
    }
}
