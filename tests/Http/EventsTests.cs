using System.Text.Json;
using Podflare.Sandboxes;

namespace Podflare;

public sealed class EventsTests(SharedCluster shared)
{
    private static readonly string[] FiveLines = ["out 1", "out 2", "out 3", "out 4"];
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("", 1)]
    [InlineData("?after=0", 1)]
    [InlineData("?after=2", 3)]
    [InlineData("?after=4", 5)]
    [InlineData("?after=5", 5)]
    [InlineData("?after=99", 5)]
    [InlineData("?after=2&follow=true", 3)]
    [InlineData("?after=99&follow=true", 5)]
    public async Task An_ended_run_is_read_from_where_the_reader_says_and_never_empty(string query, int from)
    {
        var (id, run) = await RunAsync(FiveLines);

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}/events{query}");

        Assert.Equal(string.Concat(Lines(id).Skip(from - 1)), await response.ReadTextAsync());
        Assert.Equal(("application/x-ndjson", "no", run), (response.Content.Headers.ContentType?.ToString(), response.Header("X-Accel-Buffering"), response.Header("Podflare-Run-Id")));
    }

    [Theory]
    [InlineData("", null, 1)]
    [InlineData("?after=2", null, 3)]
    [InlineData("?after=2", "3", 4)]
    [InlineData("?after=2", "0", 1)]
    [InlineData("?follow=false", "4", 5)]
    [InlineData("", "5", 5)]
    public async Task A_browser_gets_ids_and_comes_back_by_its_last_one(string query, string? lastId, int from)
    {
        var (id, run) = await RunAsync(FiveLines);

        var response = await ReadAsBrowserAsync(id, run, query, lastId);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(string.Concat(Lines(id).Select((line, i) => $"id: {i + 1}{(i == 4 ? ".end" : "")}\ndata: {line}\n").Skip(from - 1)), await response.ReadTextAsync());
    }

    [Fact]
    public async Task A_browser_that_has_seen_the_exit_is_told_to_stop()
    {
        var (id, run) = await RunAsync(FiveLines);

        Assert.Equal(204, (int)(await ReadAsBrowserAsync(id, run, "", "5.end")).StatusCode);
        await (await ReadAsBrowserAsync(id, "run_00000000000000000000000000000000", "", "5.end")).AssertProblemAsync(404, "run_not_found");
    }

    [Fact]
    public async Task Events_that_are_gone_are_told_with_the_oldest_that_is_left()
    {
        var (id, run) = await RunAsync(FiveLines);
        _cluster.World.Sandboxes[id.Value].Runs.Single().Evict(3);

        foreach (var query in new[] { "?after=2", "?follow=true" })
            Assert.Equal(4, (await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}/events{query}")).AssertProblemAsync(410, "events_evicted")).GetProperty("oldest_seq").GetInt64());
        Assert.Equal(string.Concat(Lines(id).Skip(3)), await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}/events?after=3")).ReadTextAsync());
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("?follow=true", true, false)]
    [InlineData("?after=3&follow=true", true, false)]
    [InlineData("", true, true)]
    [InlineData("?follow=false", false, true)]
    public async Task A_run_that_goes_on_is_followed_where_that_was_asked_for(string query, bool follows, bool asBrowser)
    {
        var gate = Guid.NewGuid().ToString("N");
        var id = _cluster.World.Add();
        using var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script([.. FiveLines, $"hold {gate}", "out 5"]), wait: false);
        var run = _cluster.World.Sandboxes[id.Value].Runs.Single();
        await Cluster.WaitAsync(() => run.Info.LastSeq == 4);

        var reading = asBrowser
            ? ReadAsBrowserAsync(id, run.Id.Value, query, null)
            : _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run.Id}/events{query}");
        if (follows)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
            Assert.False(reading.IsCompleted);
        }

        var early = follows ? null : await (await reading).ReadTextAsync();
        _cluster.World.Gate(gate).SetResult();
        var text = early ?? await (await reading).ReadTextAsync();

        Assert.Equal(follows, text.Contains("\"exit\"", StringComparison.Ordinal));
        Assert.Contains("\"4\\n\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_events_yet_gives_none()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));
        using var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script($"hold {gate}"), wait: false);

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{exec.Header("Podflare-Run-Id")}/events");

        Assert.Equal((200, ""), ((int)response.StatusCode, await response.ReadTextAsync()));
        _cluster.World.Gate(gate).SetResult();
    }

    [Fact]
    public async Task A_silence_of_a_browsers_stream_is_filled_with_comments()
    {
        var (id, gate) = (_cluster.World.Add(), Guid.NewGuid().ToString("N"));
        using var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script($"hold {gate}"), wait: false);

        using var response = await ReadAsBrowserAsync(id, exec.Header("Podflare-Run-Id")!, "", null, wait: false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        Assert.Equal(":", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        _cluster.World.Gate(gate).SetResult();
    }

    [Fact]
    public async Task A_run_tells_how_it_ended()
    {
        var (id, run) = await RunAsync("out 1", "exit 124");

        var json = await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}")).ReadJsonAsync();

        Assert.Equal((run, "ended", "python", 124, "timeout", 1, 2, 300d), (
            json.GetProperty("id").GetString(), json.GetProperty("state").GetString(), json.GetProperty("language").GetString(), json.GetProperty("exit_code").GetInt32(),
            json.GetProperty("reason").GetString(), json.GetProperty("first_seq").GetInt64(), json.GetProperty("last_seq").GetInt64(), json.GetProperty("timeout_seconds").GetDouble()));
        Assert.Equal("2026-04-18T11:00:28.036Z", json.GetProperty("ended_at").GetString());
    }

    [Fact]
    public async Task The_trace_of_a_run_says_whether_spans_may_still_come()
    {
        var (id, run) = await RunAsync("out 1");
        var ended = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}/trace");
        var gate = Guid.NewGuid().ToString("N");
        var exec = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1", $"wait {gate}"), wait: false);

        var open = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{exec.Header("Podflare-Run-Id")}/trace");

        Assert.Equal(("application/json", null, "true"), (ended.Content.Headers.ContentType?.ToString(), ended.Header("Podflare-Trace-Open"), open.Header("Podflare-Trace-Open")));
        Assert.Equal("""{"resourceSpans":[]}""", await ended.ReadTextAsync());
        _cluster.World.Gate(gate).SetResult();
        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/run_{new string('0', 32)}/trace")).AssertProblemAsync(404, "run_not_found");
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "sandboxes");
        await (await other.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{run}/trace")).AssertProblemAsync(404, "sandbox_not_found");
    }

    [Fact]
    public async Task An_interrupt_is_accepted_also_when_the_run_has_ended()
    {
        var (id, run) = await RunAsync("out 1");

        Assert.Equal(202, (int)(await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/runs/{run}/interrupt")).StatusCode);
        Assert.Equal(1, _cluster.World.Sandboxes[id.Value].Runs.Single().Interrupts);
    }

    [Theory]
    [InlineData("", "\\n")]
    [InlineData("/compat/podflare", "")]
    public async Task A_replay_shows_all_runs_in_order_with_their_names(string mount, string newline)
    {
        var (id, first) = await RunAsync("out 1", "raw a", "raw b");
        var (_, second) = await RunAsync(id, "out 2", "out 3", "exit 1");
        _cluster.World.Sandboxes[id.Value].Runs[1].Evict(2);
        var gate = Guid.NewGuid().ToString("N");
        using var open = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 4", $"hold {gate}"), wait: false);
        var third = _cluster.World.Sandboxes[id.Value].Runs[2];
        await Cluster.WaitAsync(() => third.Info.LastSeq == 1);

        var response = await _cluster.Client.SendAsync("GET", $"{mount}/v1/sandboxes/{id}/replay");

        string[] expected = newline.Length > 0
            ? [$"stdout:1\\n@1 {first}", $"stdout:a@2 {first}", $"stdout:b@3 {first}", $"exit:0@4 {first}", $"exit:1@3 {second}", $"stdout:4\\n@1 {third.Id}"]
            : [$"stdout:1@1 {first}", $"stdout:ab@3 {first}", $"exit:0@4 {first}", $"exit:1@3 {second}", $"stdout:4@1 {third.Id}"];
        Assert.Equal(expected, (await response.ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Describe));
        _cluster.World.Gate(gate).SetResult();
    }

    [Theory]
    [InlineData(600, 600)]
    [InlineData(1500, 3)]
    public async Task A_replay_shows_the_last_thousand_events(int firstRun, int secondRun)
    {
        var (id, _) = await RunAsync(Enumerable.Range(1, firstRun - 1).Select(i => $"out {i}").ToArray());
        await RunAsync(id, Enumerable.Range(1, secondRun - 1).Select(i => $"out {i}").ToArray());

        var lines = (await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/replay")).ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var seqs = lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("seq").GetInt64()).ToArray();
        Assert.Equal([.. Enumerable.Range(firstRun - (999 - secondRun), 1000 - secondRun), .. Enumerable.Range(1, secondRun)], seqs);
    }

    [Fact]
    public async Task A_replay_beyond_its_limit_of_bytes_leaves_out_the_oldest_events_and_says_so()
    {
        const int Limit = 4 * 1024 * 1024;
        var script = Enumerable.Range(0, 10).Select(_ => $"out {new string('x', 300_000)}").ToArray();
        var (id, _) = await RunAsync(script);
        var (_, second) = await RunAsync(id, script);
        var stored = _cluster.World.Sandboxes[id.Value].Runs.SelectMany(run => run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(line => line.Length + 1).ToArray();

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/replay");

        var lines = (await response.ReadTextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.InRange(stored[^lines.Length..].Sum(), 0, Limit);
        Assert.True(stored[^(lines.Length + 1)..].Sum() > Limit, "One more event would have fitted.");
        Assert.Equal(11, lines.Count(line => line.GetProperty("run").GetString() == second));
        Assert.Equal(
            Enumerable.Range(1, 11).TakeLast(lines.Length - 11).Concat(Enumerable.Range(1, 11)), lines.Select(line => line.GetProperty("seq").GetInt32()));
        Assert.Equal($"older events were left out: a replay has at most {Limit} bytes", response.Header("Podflare-Warning"));
    }

    [Fact]
    public async Task A_replay_has_the_newest_event_whatever_its_size()
    {
        var (gate, id) = (Guid.NewGuid().ToString("N"), _cluster.World.Add());
        using var open = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1", $"out {new string('x', 5_000_000)}", $"hold {gate}"), wait: false);
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Runs is [{ Info.LastSeq: 2 }]);

        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/replay");

        Assert.Equal(2, JsonDocument.Parse(await response.ReadTextAsync()).RootElement.GetProperty("seq").GetInt64());
        Assert.NotNull(response.Header("Podflare-Warning"));
        _cluster.World.Gate(gate).SetResult();
    }

    [Fact]
    public async Task A_replay_of_a_sandbox_without_runs_is_empty()
    {
        var response = await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{_cluster.World.Add()}/replay");

        Assert.Equal((200, "application/x-ndjson", ""), ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.ReadTextAsync()));
    }

    private async Task<(SandboxId Id, string Run)> RunAsync(params string[] script) => await RunAsync(_cluster.World.Add(), script);

    private async Task<(SandboxId Id, string Run)> RunAsync(SandboxId id, params string[] script)
    {
        var response = await _cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", Replies.Script(script));
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Runs.All(run => run.Ended));
        return (id, response.Header("Podflare-Run-Id")!);
    }

    private string[] Lines(SandboxId id) => [.. _cluster.World.Sandboxes[id.Value].Runs.Single().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line + "\n")];

    private Task<HttpResponseMessage> ReadAsBrowserAsync(SandboxId id, string run, string query, string? lastId, bool wait = true) => _cluster.Client.SendAsync(
        "GET", $"/v1/sandboxes/{id}/runs/{run}/events{query}", null, wait, lastId is null ? [("Accept", "text/event-stream")] : [("Accept", "text/event-stream"), ("Last-Event-ID", lastId)]);

    private static string Describe(string line)
    {
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal(["type", "data", "seq", "ts", "run"], json.EnumerateObject().Select(member => member.Name));
        return $"{json.GetProperty("type").GetString()}:{json.GetProperty("data").GetRawText().Trim('"')}@{json.GetProperty("seq")} {json.GetProperty("run").GetString()}";
    }
}
