using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd;

/// <summary>Two workers and two frontends with Redis between them.</summary>
[Collection("cluster")]
public sealed class ClusterTests(ClusterService cluster)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_frontend_made_the_other_runs_and_both_read_the_same_bytes()
    {
        var sandbox = await cluster.First.CreateAsync();
        var run = await cluster.Second.RunAsync(sandbox, "import sys\nfor i in range(500): print('line', i, 'é€😀', file=sys.stderr if i % 7 == 0 else sys.stdout)");
        var sent = string.Concat(run.Lines.Select(line => line + "\n"));
        foreach (var api in new[] { cluster.First, cluster.Second })
        {
            Assert.Equal(sent, await api.ReadEventsAsync(sandbox, run.Run));
            Assert.Equal(sent, await api.ReadEventsAsync(sandbox, run.Run, follow: true));
            Assert.Equal(string.Concat(run.Lines.Skip(123).Select(line => line + "\n")), await api.ReadEventsAsync(sandbox, run.Run, after: 123));
            Assert.Equal(run.Lines[^1] + "\n", await api.ReadEventsAsync(sandbox, run.Run, after: 9_999));
        }

        await cluster.First.DeleteAsync(sandbox);
        await cluster.Second.DeleteAsync(sandbox);
        Assert.Equal(sent, await cluster.Second.ReadEventsAsync(sandbox, run.Run));
    }

    [Fact]
    public async Task Both_frontends_list_the_sandboxes_of_both_hosts()
    {
        var mark = Guid.NewGuid().ToString("N");
        var sandboxes = await cluster.CreateOnBothHostsAsync(new { metadata = new { mark } });
        var lists = await Task.WhenAll(new[] { cluster.First, cluster.Second }.Select(api => ListAsync(api, mark)));
        Assert.Equal(sandboxes.Order(), lists[0].Order());
        Assert.Equal(lists[0], lists[1]);
        foreach (var sandbox in sandboxes) await cluster.First.DeleteAsync(sandbox);
        Assert.Empty(await ListAsync(cluster.Second, mark));
    }

    [Fact]
    public async Task The_same_key_through_two_frontends_at_one_moment_starts_one_run_and_one_sandbox()
    {
        var key = Guid.NewGuid().ToString();
        var made = await Task.WhenAll(PostAsync(cluster.First, "/v1/sandboxes", key, new { }), PostAsync(cluster.Second, "/v1/sandboxes", key, new { }));
        var ids = made.Select(body => JsonDocument.Parse(body).RootElement.GetProperty("id").GetString()!).Distinct().ToArray();
        var sandbox = Assert.Single(ids);

        await cluster.First.RunAsync(sandbox, "n = 0");
        var path = $"/v1/sandboxes/{sandbox}/exec";
        var body = new { code = "n += 1; print(n)", language = "python" };
        var streams = await Task.WhenAll(PostAsync(cluster.First, path, key, body), PostAsync(cluster.Second, path, key, body));
        Assert.Equal(streams[0], streams[1]);
        Assert.Equal("1\n", (await cluster.Second.RunAsync(sandbox, "print(n)")).Stdout);
        using var other = await SendAsync(cluster.First, path, key, new { code = "print('other')", language = "python" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        await cluster.First.DeleteAsync(sandbox);
    }

    [Fact]
    public async Task A_run_survives_the_death_of_its_worker_and_its_reader_sees_every_line_once()
    {
        var sandbox = await cluster.First.CreateAsync();
        var running = cluster.First.RunAsync(sandbox, "import time\nfor i in range(400):\n    print(i)\n    time.sleep(0.02)");
        await Until.TrueAsync(async () => await HasOutputAsync(sandbox), TimeSpan.FromSeconds(20), "the run prints");
        foreach (var worker in new[] { "worker1", "worker2" }) await cluster.KillAsync(worker);
        var run = await running;
        Assert.Equal(0, run.Exit.Code);
        Assert.Equal(string.Concat(Enumerable.Range(0, 400).Select(i => $"{i}\n")), run.Stdout);
        await cluster.Second.WaitUntilAcceptsRunsAsync(sandbox);
        Assert.Equal("1\n", (await cluster.Second.RunAsync(sandbox, "print(1)")).Stdout);
        await cluster.First.DeleteAsync(sandbox);
        await cluster.BecomeWholeAsync();
    }

    [Fact]
    public async Task The_log_of_a_sandbox_outlives_its_worker_and_has_lines_of_both_sides()
    {
        var sandbox = await cluster.First.CreateAsync();
        var run = await cluster.First.RunAsync(sandbox, "print(1)");
        await Until.TrueAsync(
            async () => (await ReadLogAsync(cluster.Second, sandbox)).Any(line => line.GetProperty("message").GetString()!.StartsWith($"Ended run {run.Run}", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(20), "the end of the run is in the log");
        foreach (var worker in new[] { "worker1", "worker2" }) await cluster.KillAsync(worker);

        var lines = await ReadLogAsync(cluster.Second, sandbox);

        Assert.Contains(lines, line => line.GetProperty("message").GetString()!.StartsWith($"Created sandbox {sandbox}", StringComparison.Ordinal) && line.GetProperty("source").GetString() == "worker");
        Assert.Contains(lines, line => line.GetProperty("run_id").GetString() == run.Run && line.GetProperty("trace_id").GetString() is { Length: 32 });
        Assert.Contains(lines, line => line.GetProperty("source").GetString() == "frontend");
        await cluster.First.DeleteAsync(sandbox);
        await cluster.BecomeWholeAsync();
    }

    // A sandbox whose worker has died is answered for by another one in a moment.
    private static async Task<JsonElement[]> ReadLogAsync(SandboxApi api, string sandbox)
    {
        JsonElement[]? lines = null;
        await Until.TrueAsync(
            async () =>
            {
                using var answer = await api.Http.GetAsync($"/v1/sandboxes/{sandbox}/logs", Cancelled);
                if (answer.StatusCode is HttpStatusCode.OK) lines = [.. (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("logs").EnumerateArray()];
                return lines is not null;
            },
            TimeSpan.FromSeconds(60), "the log is read");
        return lines!;
    }

    private async Task<bool> HasOutputAsync(string sandbox)
    {
        using var answer = await cluster.Second.Http.GetAsync($"/v1/sandboxes/{sandbox}/replay", Cancelled);
        return answer.IsSuccessStatusCode && (await answer.Content.ReadAsStringAsync(Cancelled)).Contains("stdout", StringComparison.Ordinal);
    }

    private static async Task<string[]> ListAsync(SandboxApi api, string mark)
    {
        var page = await api.Http.GetFromJsonAsync<JsonElement>($"/v1/sandboxes?metadata.mark={mark}", Cancelled);
        return [.. page.GetProperty("sandboxes").EnumerateArray().Select(sandbox => sandbox.GetProperty("id").GetString()!)];
    }

    private static async Task<string> PostAsync(SandboxApi api, string path, string key, object body)
    {
        using var answer = await SendAsync(api, path, key, body);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }

    private static async Task<HttpResponseMessage> SendAsync(SandboxApi api, string path, string key, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        return await api.Http.SendAsync(request, Cancelled);
    }
}
