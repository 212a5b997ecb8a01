using System.Text;

namespace Podflare.NetSdk.Scripted;

public sealed class WarningTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_result_carries_everything_that_the_server_says_about_its_run()
    {
        var server = Exec(("Podflare-Warning", "timeout_seconds was brought down to the maximum of 86400; careful"), ("Podflare-Repl-Restarted", "1"), ("Podflare-Trace-Id", "4bf92f3577b34da6a3ce929d0e0e4736"), ("Idempotent-Replayed", "true"));
        var result = await server.Attach().RunAsync("1", cancellationToken: Cancellation);
        Assert.Equal(["timeout_seconds was brought down to the maximum of 86400", "careful"], result.Warnings);
        Assert.Equal((true, true, "4bf92f3577b34da6a3ce929d0e0e4736"), (result.ReplRestarted, result.WasReplayed, result.TraceId));
        Assert.Equal(3, server.Log.Warnings.Count);
        Assert.Contains("maximum of 86400", server.Log.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("variables and imports of earlier runs are gone", server.Log.Warnings[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_provides_its_run_before_its_first_event()
    {
        var server = Exec(("Podflare-Warning", "careful"), ("Podflare-Repl-Restarted", "1"));
        var seen = new List<string>();
        var options = new RunOptions { OnStarted = run => seen.Add($"{run.Id} {run.Warnings.Single()} {run.ReplRestarted}") };
        await foreach (var e in server.Attach().RunStreamAsync("1", options, Cancellation)) seen.Add(e.GetType().Name);
        Assert.Equal(["run_1 careful True", "StdoutEvent", "ExitEvent"], seen);
    }

    [Theory]
    [InlineData("", "egress was requested but not granted; the sandbox has no network access")]
    [InlineData(""","warnings":["egress is not offered here; the sandbox has none"]""", "egress is not offered here; the sandbox has none")]
    public async Task Network_access_that_is_not_granted_is_a_warning(string more, string expected)
    {
        var server = new ScriptedServer().Json($$"""{"id":"sbx_1","state":"ready","egress":false{{more}}}""");
        var sandbox = await server.Connect().CreateSandboxAsync(new SandboxOptions { Egress = true }, Cancellation);
        Assert.Equal([expected], sandbox.Warnings);
        Assert.Equal($"Sandbox sbx_1: {expected}", Assert.Single(server.Log.Warnings));
    }

    [Fact]
    public async Task A_create_that_returns_an_earlier_sandbox_says_so()
    {
        var server = new ScriptedServer().Then(() => new HttpResponseMessage
        {
            Content = new StringContent("""{"id":"sbx_1","state":"ready"}""", Encoding.UTF8, "application/json"),
            Headers = { { "Idempotent-Replayed", "true" }, { "Podflare-Trace-Id", "4bf92f3577b34da6a3ce929d0e0e4736" } },
        });
        var sandbox = await server.Connect().CreateSandboxAsync(new SandboxOptions { IdempotencyKey = "k" }, Cancellation);
        Assert.Equal((true, "4bf92f3577b34da6a3ce929d0e0e4736"), (sandbox.WasReplayed, sandbox.TraceId));
    }

    [Fact]
    public async Task A_lost_state_is_on_the_result_that_lost_it()
    {
        var server = new ScriptedServer().Stream("""{"type":"exit","data":124,"seq":1,"ts":1,"reason":"timeout","state_lost":true}""" + "\n");
        var result = await server.Attach().RunAsync("1", cancellationToken: Cancellation);
        Assert.Equal((ExitReason.Timeout, true), (result.Reason, result.StateLost));
        Assert.Equal("[timed out; variables were lost]", result.ForModel());
    }

    private static ScriptedServer Exec(params (string Name, string Value)[] headers) => new ScriptedServer().Then(() =>
    {
        var answer = new HttpResponseMessage { Content = new StringContent(ScriptedServer.Lines(1, 1, exit: true)), Headers = { { "Podflare-Run-Id", "run_1" } } };
        foreach (var (name, value) in headers) answer.Headers.Add(name, value);
        return answer;
    });
}
