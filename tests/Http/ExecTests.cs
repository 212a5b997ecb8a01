using System.Text;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare;

public sealed class ExecTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task The_stored_lines_come_as_they_are()
    {
        var id = _cluster.World.Add();

        var response = await ExecAsync(id, Replies.Script("out a\u2028\u00e9", "err b", "raw c", "exit 3"));

        var run = Runs(id).Single();
        Assert.Equal(run.Output, await response.ReadTextAsync());
        Assert.Equal(("application/x-ndjson", run.Id.Value, "no", "no-store, no-transform"), (
            response.Content.Headers.ContentType?.ToString(), response.Header("Podflare-Run-Id"), response.Header("X-Accel-Buffering"), response.Header("Cache-Control")));
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Equal((null, null, null), (response.Header("Idempotent-Replayed"), response.Header("Podflare-Repl-Restarted"), response.Header("Podflare-Warning")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("k1")]
    public async Task A_run_that_was_accepted_is_never_refused_for_want_of_a_reader(string? key)
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());
        _cluster.World.Sandboxes[id.Value].HasTooManyReaders = true;

        using var response = await _cluster.Client.SendAsync(
            "POST", $"/v1/sandboxes/{id}/exec", Replies.Script("out 1", $"hold {gate}", "out 2", "exit 3"), wait: false, headers: key is null ? [] : [("Idempotency-Key", key)]);
        Open(gate);

        Assert.Equal(200, (int)response.StatusCode);
        var received = await response.ReadTextAsync();
        Assert.Equal((Runs(id).Single().Output, 1), (received, _cluster.World.Sandboxes[id.Value].Starts));
    }

    [Fact]
    public async Task A_reader_that_follows_is_refused_where_there_are_too_many()
    {
        var id = _cluster.World.Add();
        using var exec = await ExecAsync(id, Replies.Script("hold never"), wait: false);
        _cluster.World.Sandboxes[id.Value].HasTooManyReaders = true;

        await (await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{Runs(id).Single().Id}/events?follow=true")).AssertProblemAsync(429, "rate_limited");
    }

    [Fact]
    public async Task Headers_leave_at_acceptance_and_each_line_when_it_exists()
    {
        var (id, first, second) = (_cluster.World.Add(), NewGate(), NewGate());

        using var response = await ExecAsync(id, Replies.Script($"hold {first}", "out 1", $"hold {second}", "out 2"), wait: false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var line = reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(line.IsCompleted);
        Open(first);
        Assert.Contains("\"1\\n\"", await line, StringComparison.Ordinal);
        Open(second);
        Assert.Contains("\"2\\n\"", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("\"exit\"", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_run_is_accepted()
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());

        var sending = ExecAsync(id, Replies.Script($"accept {gate}", "out 1"), wait: false);
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Starts == 1);
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.False(sending.IsCompleted);
        Open(gate);

        Assert.Equal(200, (int)(await sending).StatusCode);
    }

    [Theory]
    [InlineData("unreachable")]
    [InlineData("storage")]
    public async Task A_start_that_may_succeed_later_is_repeated(string failure)
    {
        var id = _cluster.World.Add();

        var response = await ExecAsync(id, Replies.Script($"fail 2 {failure}", "out 1"));

        Assert.Equal((200, 3, 1), ((int)response.StatusCode, _cluster.World.Sandboxes[id.Value].Starts, Runs(id).Count));
    }

    [Theory]
    [InlineData("unreachable", 503, "sandbox_unreachable", true)]
    [InlineData("storage", 503, "storage_unavailable", true)]
    [InlineData("full", 429, "run_queue_full", false)]
    [InlineData("ended", 410, "sandbox_ended", false)]
    [InlineData("lost", 410, "sandbox_lost", false)]
    [InlineData("bug", 500, "internal", false)]
    public async Task A_start_that_is_refused_is_told_with_its_code(string failure, int status, string code, bool repeats)
    {
        var id = _cluster.World.Add();

        await (await ExecAsync(id, Replies.Script($"fail 999 {failure}"))).AssertProblemAsync(status, code);

        Assert.Equal(repeats, _cluster.World.Sandboxes[id.Value].Starts > 1);
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[id.Value].Readers == 0);
    }

    [Fact]
    public async Task A_key_starts_one_run_and_replays_it()
    {
        var (id, other) = (_cluster.World.Add(), _cluster.World.Add());
        var body = Replies.Script("out 1");

        var first = await ExecAsync(id, body, key: "k");
        var second = await ExecAsync(id, body, key: "k");
        var elsewhere = await ExecAsync(other, body, key: "k");
        var reused = await ExecAsync(id, Replies.Script("out 2"), key: "k");

        Assert.Equal((null, "true", null), (first.Header("Idempotent-Replayed"), second.Header("Idempotent-Replayed"), elsewhere.Header("Idempotent-Replayed")));
        Assert.Equal(await first.ReadTextAsync(), await second.ReadTextAsync());
        Assert.Equal(RunId.FromKey(new("default"), id, "k").Value, first.Header("Podflare-Run-Id"));
        Assert.Equal((1, 1), (Runs(id).Count, Runs(other).Count));
        await reused.AssertProblemAsync(422, "idempotency_key_reused");
    }

    [Fact]
    public async Task A_replay_whose_events_are_gone_is_refused_before_the_stream()
    {
        var id = _cluster.World.Add();
        var body = Replies.Script("out 1", "out 2");
        await ExecAsync(id, body, key: "k");
        Runs(id).Single().Evict(2);

        var problem = await (await ExecAsync(id, body, key: "k")).AssertProblemAsync(410, "events_evicted");

        Assert.Equal(3, problem.GetProperty("oldest_seq").GetInt64());
    }

    [Fact]
    public async Task What_is_known_of_the_run_at_its_start_is_told_in_headers()
    {
        var code = "{\"code\":\"restarted\\nout 1\",\"language\":\"bash\",\"timeout_seconds\":1e9,\"on_disconnect\":\"interrupt\",\"env\":{\"A\":\"1\"}}";
        var id = _cluster.World.Add();

        var response = await ExecAsync(id, code);

        Assert.Equal(("1", "timeout_seconds was reduced to the maximum of 86400"), (response.Header("Podflare-Repl-Restarted"), response.Header("Podflare-Warning")));
        var request = Runs(id).Single().Request;
        Assert.Equal((RunLanguage.Bash, TimeSpan.FromHours(24), OnDisconnect.Interrupt, "1"), (request.Language, request.Timeout, request.OnDisconnect, request.Env["A"]));
    }

    [Theory]
    [InlineData("exec", "")]
    [InlineData("events", "?follow=true")]
    public async Task A_stream_whose_source_fails_is_cut_and_not_ended(string route, string query)
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());
        var exec = await ExecAsync(id, Replies.Script("out 1", $"hold {gate}", "break"), wait: false);
        using var response = route == "exec" ? exec : await _cluster.Client.SendAsync("GET", $"/v1/sandboxes/{id}/runs/{exec.Header("Podflare-Run-Id")}/events{query}", wait: false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        Open(gate);

        await Assert.ThrowsAnyAsync<IOException>(async () => await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_reader_along_and_the_run_goes_on()
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());
        var sandbox = _cluster.World.Sandboxes[id.Value];
        var response = await ExecAsync(id, Replies.Script("out 1", $"hold {gate}", "out 2"), wait: false);
        await Cluster.WaitAsync(() => sandbox.Readers == 1);

        response.Dispose();

        await Cluster.WaitAsync(() => sandbox.Readers == 0);
        var run = Runs(id).Single();
        Assert.Equal((false, 0), (run.Ended, run.Interrupts));
        Open(gate);
        await Cluster.WaitAsync(() => run.Ended);
    }

    [Theory]
    [InlineData("/v1", "?heartbeat=1", "\n")]
    [InlineData("/compat/podflare/v1", "", "\n")]
    public async Task A_silence_is_filled_where_it_was_asked_for(string mount, string query, string filler)
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());

        using var response = await ExecAsync(id, Replies.Script($"hold {gate}", "out 1"), wait: false, path: $"{mount}/sandboxes/{id}/exec{query}");
        var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[100];
        var read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
        Open(gate);

        Assert.Equal(filler, Encoding.ASCII.GetString(buffer, 0, read));
        Assert.Contains("\"exit\"", await new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_piece_that_waits_for_its_line_does_not_end_a_silence()
    {
        var id = _cluster.World.Add();
        var pieces = string.Concat(Enumerable.Repeat("raw .\nwait 300\n", 8));

        var response = await ExecAsync(id, Replies.Script(pieces + "out !"), path: $"/compat/podflare/v1/sandboxes/{id}/exec");

        var lines = (await response.ReadTextAsync()).Split('\n');
        Assert.InRange(lines.TakeWhile(line => line.Length == 0).Count(), 1, 4);
        Assert.Contains("\"........!\"", lines.First(line => line.Length > 0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_bodies_take_turns()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Http:MaxLargeBodies", "1"));
        var id = cluster.World.Add();
        var large = Replies.Script("out 1", new string('#', 3 * 1024 * 1024));

        var responses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => cluster.Client.SendAsync("POST", $"/v1/sandboxes/{id}/exec", large)));

        Assert.All(responses, response => Assert.Equal(200, (int)response.StatusCode));
        Assert.Equal(4, cluster.World.Sandboxes[id.Value].Runs.Count);
    }

    [Fact]
    public async Task A_silence_is_not_filled_otherwise()
    {
        var (id, gate) = (_cluster.World.Add(), NewGate());

        var reading = ExecAsync(id, Replies.Script($"hold {gate}", "out 1"));
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, TestContext.Current.CancellationToken);
        Open(gate);

        var text = await (await reading).ReadTextAsync();

        Assert.Equal(Runs(id).Single().Output, text);
    }

    [Fact]
    public async Task The_published_client_gets_one_line_an_event_without_its_newline()
    {
        var id = _cluster.World.Add();

        var response = await ExecAsync(id, Replies.Script("out a", "raw b", "err x", "out c", "raw d"), path: $"/compat/podflare/v1/sandboxes/{id}/exec");

        const string ts = "\"ts\":1776510028036}\n";
        Assert.Equal(
            $"{{\"type\":\"stdout\",\"data\":\"a\",\"seq\":1,{ts}{{\"type\":\"stderr\",\"data\":\"x\",\"seq\":3,{ts}{{\"type\":\"stdout\",\"data\":\"bc\",\"seq\":4,{ts}"
            + $"{{\"type\":\"stdout\",\"data\":\"d\",\"seq\":5,{ts}{{\"type\":\"exit\",\"data\":0,\"seq\":6,{ts}",
            await response.ReadTextAsync());
    }

    private IReadOnlyList<Scripted.ScriptedRun> Runs(SandboxId id) => _cluster.World.Sandboxes[id.Value].Runs;

    private Task<HttpResponseMessage> ExecAsync(SandboxId id, string body, bool wait = true, string? key = null, string? path = null) =>
        _cluster.Client.SendAsync("POST", path ?? $"/v1/sandboxes/{id}/exec", body, wait, key is null ? [] : [("Idempotency-Key", key)]);

    private static string NewGate() => Guid.NewGuid().ToString("N");

    private void Open(string gate) => _cluster.World.Gate(gate).SetResult();
}
