using Microsoft.Extensions.Time.Testing;
using static Podflare.NetSdk.Scripted.ScriptedServer;

namespace Podflare.NetSdk.Scripted;

public sealed class ResumeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_broken_stream_goes_on_after_the_last_event()
    {
        var server = new ScriptedServer().Stream(Lines(1, 3)).Stream(Lines(4, 4) + "{\"type\":\"stdo").Stream(Lines(5, 6, exit: true));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await SeqsAsync(server.Attach()));
        Assert.Equal(["?heartbeat=15", "?after=3&follow=true&heartbeat=15", "?after=4&follow=true&heartbeat=15"], server.Requests.Select(request => request.Query));
        Assert.Equal(["POST", "GET", "GET"], server.Requests.Select(request => request.Method));
    }

    [Fact]
    public async Task A_second_break_before_the_first_event_asks_for_the_same()
    {
        var server = new ScriptedServer().Stream(Lines(1, 2)).Break().Stream("").Refuse(503, "sandbox_unreachable", "0").Stream(Lines(3, 3, exit: true));
        Assert.Equal([1, 2, 3, 4], await SeqsAsync(server.Attach()));
        Assert.All(server.Requests.Skip(1), request => Assert.StartsWith("?after=2&", request.Query, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_budget_is_renewed_only_by_a_new_event()
    {
        // Old events, heartbeats and accepted connections are no progress.
        var server = new ScriptedServer().Stream(Lines(1, 2)).Stream("\n\n\n").Stream(Lines(1, 2)).Break().Stream("");
        var e = await Assert.ThrowsAsync<StreamBrokenException>(() => SeqsAsync(server.Attach(o => o.MaxResumes = 4)));
        Assert.Equal(("run_1", 2), (e.RunId, e.LastSeq));
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task A_stream_that_moves_on_may_break_more_often_than_the_budget()
    {
        var server = new ScriptedServer().Stream(Lines(1, 1));
        for (var seq = 2; seq <= 50; seq++) server.Break().Stream(Lines(seq, seq));
        server.Stream(Lines(51, 51, exit: true));
        Assert.Equal(Enumerable.Range(1, 52).Select(n => (long)n), await SeqsAsync(server.Attach(o => o.MaxResumes = 2)));
    }

    [Fact]
    public async Task An_orderly_end_without_exit_is_no_success()
    {
        var server = new ScriptedServer().Stream(Lines(1, 2), breaks: false, times: 3);
        await Assert.ThrowsAsync<StreamBrokenException>(() => server.Attach(o => o.MaxResumes = 2).RunAsync("1", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_gap_is_never_delivered()
    {
        var server = new ScriptedServer().Stream(Lines(1, 2) + Lines(4, 5, exit: true), breaks: false).Stream(Lines(3, 5, exit: true));
        Assert.Equal([1, 2, 3, 4, 5, 6], await SeqsAsync(server.Attach()));
        Assert.StartsWith("?after=2&", server.Requests[1].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_is_no_event_breaks_the_stream_there()
    {
        var server = new ScriptedServer().Stream(Lines(1, 1) + "<html>\n" + Lines(2, 2)).Stream(Lines(2, 2, exit: true));
        Assert.Equal([1, 2, 3], await SeqsAsync(server.Attach()));
    }

    [Fact]
    public async Task An_event_of_an_unknown_type_is_skipped_but_counts()
    {
        const string Unknown = """{"type":"image","data":{},"seq":2,"ts":1}""";
        var server = new ScriptedServer().Stream($"{Lines(1, 1)}{Unknown}\n").Stream(Lines(3, 3, exit: true));
        Assert.Equal([1, 3, 4], await SeqsAsync(server.Attach()));
        Assert.StartsWith("?after=2&", server.Requests[1].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evicted_events_are_told_at_once()
    {
        var server = new ScriptedServer().Stream(Lines(1, 2)).Refuse(410, "events_evicted", more: ""","oldest_seq":900""");
        var e = await Assert.ThrowsAsync<EventsEvictedException>(() => SeqsAsync(server.Attach()));
        Assert.Equal(900, e.OldestSeq);
    }

    [Fact]
    public async Task A_replay_of_the_start_is_not_delivered_twice()
    {
        // The answer to the exec was lost, and the repeat replays the run from its first event.
        var server = new ScriptedServer().Break().Stream(Lines(1, 5)).Stream(Lines(3, 6, exit: true));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await SeqsAsync(server.Attach()));
    }

    [Fact]
    public async Task Reading_after_the_last_event_gives_the_exit_again()
    {
        var server = new ScriptedServer().Stream(Lines(9, 8, exit: true)).Stream(Lines(9, 8, exit: true));
        var run = server.Attach().GetRun("run_1");
        Assert.Equal([9], await SeqsAsync(run.ReadEventsAsync(9, cancellationToken: Cancellation)));
        Assert.Equal([9], await SeqsAsync(run.ReadEventsAsync(100, cancellationToken: Cancellation)));
    }

    [Fact]
    public async Task Without_follow_reading_ends_where_the_run_is()
    {
        var server = new ScriptedServer().Stream(Lines(1, 3), breaks: false);
        Assert.Equal([1, 2, 3], await SeqsAsync(server.Attach().GetRun("run_1").ReadEventsAsync(follow: false, cancellationToken: Cancellation)));
        Assert.Contains("follow=false", server.Requests[0].Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_stream_counts_as_broken()
    {
        var time = new FakeTimeProvider();
        var server = new ScriptedServer()
            .Then(() => new HttpResponseMessage { Content = new StreamContent(new Silence()), Headers = { { "Podflare-Run-Id", "run_1" } } })
            .Stream(Lines(1, 1, exit: true));
        var options = new PodflareClientOptions { BaseAddress = new Uri("http://scripted") };
        using var client = new PodflareClient(options, new HttpClient(server), null, time);
        var running = client.Attach("sbx_1").RunAsync("1", cancellationToken: Cancellation);
        time.Advance(TimeSpan.FromSeconds(44));
        Assert.Single(server.Requests);
        time.Advance(TimeSpan.FromSeconds(2));
        await Services.Until.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return running.IsCompleted;
            },
            "the stream is resumed");
        Assert.Equal("1\n", (await running).Stdout);
    }

    [Fact]
    public async Task A_result_keeps_what_fits_and_says_so()
    {
        var server = new ScriptedServer().Stream(Lines(1, 9, exit: true));
        var result = await server.Attach(o => o.MaxResultCharacters = 5).RunAsync("1", cancellationToken: Cancellation);
        Assert.Equal(("1\n2\n3", true, 0), (result.Stdout, result.Truncated, result.ExitCode));
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_was_answered_is_interrupted_when_the_answer_comes()
    {
        using var cancel = new CancellationTokenSource();
        var server = new ScriptedServer()
            .Then(() =>
            {
                // The server has it, and the caller leaves before hearing of that.
                cancel.Cancel();
                throw new HttpRequestException(HttpRequestError.ResponseEnded, "broken");
            })
            .Stream(Lines(1, 1))
            .Then(() => new HttpResponseMessage(System.Net.HttpStatusCode.Accepted));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Attach().RunAsync("1", cancellationToken: cancel.Token));
        Assert.Equal(["exec", "exec", "interrupt"], server.Requests.Select(request => request.Path.Split('/')[^1]));
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_the_server_had_it_starts_nothing()
    {
        using var cancel = new CancellationTokenSource();
        var server = new ScriptedServer().Then(() =>
        {
            cancel.Cancel();
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Attach().RunAsync("1", cancellationToken: cancel.Token));
        Assert.Single(server.Requests);
    }

    private static Task<List<long>> SeqsAsync(Sandbox sandbox) => SeqsAsync(sandbox.RunStreamAsync("1", cancellationToken: Cancellation));

    private static async Task<List<long>> SeqsAsync(IAsyncEnumerable<SandboxEvent> events)
    {
        var seqs = new List<long>();
        await foreach (var e in events) seqs.Add(e.Seq);
        return seqs;
    }

    private sealed class Silence : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }
    }
}
