using System.Text;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>What every event log does, whatever it is made of.</summary>
public abstract class EventLogTests
{
    private readonly SandboxId _sandbox = SandboxId.New("0123abcd");

    protected static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected SandboxId Sandbox => _sandbox;

    protected abstract IEventLog Log { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal static RunRecord NewRecord(string hash = "aa") =>
        new(RunId.New(), hash, RunLanguage.Bash, TimeSpan.FromSeconds(12.5), OnDisconnect.Interrupt, Now);

    /// <summary>Lines "first" to "last", of some bytes each.</summary>
    internal static EventBatch Lines(long first, int count, int size = 3)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, count).Select(i => new string((char)('a' + i % 26), size - 1) + "\n")));
        return EventLine.Render([new GuestOutput(1, default, 1, false, text)], first - 1);
    }

    internal static EventBatch Exit(long seq, int code = 0) => EventLine.RenderExit(code, null, null, seq, Now);

    internal static RunEnding Ending(int code = 0) => new(code, ExitReason.Killed, Now, Now.AddSeconds(1), true);

    protected async Task<RunRecord> AcceptAsync()
    {
        var record = NewRecord();
        await Log.AcceptAsync(_sandbox, record, null, Cancel);
        return record;
    }

    protected Task<AppendOutcome> AppendAsync(RunRecord run, EventBatch batch, ulong frame = 1, long keepFrom = 0, RunEnding? ending = null) =>
        Log.AppendAsync(_sandbox, run.Id, new LogAppend(batch.FirstSeq - 1, keepFrom, batch, frame, ending, run), Cancel);

    protected Task<EventBatch?> ReadAsync(RunRecord run, long after, int maxBytes = 1 << 20) => Log.ReadAfterAsync(_sandbox, run.Id, after, maxBytes, Cancel);

    internal static void AssertSame(EventBatch expected, EventBatch? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.FirstSeq, actual.FirstSeq);
        Assert.Equal(Encoding.UTF8.GetString(expected.Utf8), Encoding.UTF8.GetString(actual.Utf8));
        Assert.Equal(expected.Ends, actual.Ends);
        Assert.Equal(expected.HasExit, actual.HasExit);
    }

    [Fact]
    public async Task A_run_is_new_once_and_its_first_hash_counts()
    {
        var record = NewRecord("first");
        Assert.Equal(new AcceptOutcome("first", IsNew: true, Ended: false), await Log.AcceptAsync(_sandbox, record, null, Cancel));
        Assert.Equal(new AcceptOutcome("first", IsNew: false, Ended: false), await Log.AcceptAsync(_sandbox, record, null, Cancel));
        Assert.Equal(
            new AcceptOutcome("first", IsNew: false, Ended: false), await Log.AcceptAsync(_sandbox, record with { PayloadHash = "second" }, null, Cancel));
        Assert.Equal(record, await Log.FindRunAsync(_sandbox, record.Id, Cancel));
        Assert.Equal([record.Id], await Log.ListRunsAsync(_sandbox, Cancel));
    }

    [Fact]
    public async Task A_run_that_nobody_accepted_is_not_there()
    {
        Assert.Null(await Log.FindRunAsync(_sandbox, RunId.New(), Cancel));
        Assert.Null(await Log.FindBoundsAsync(_sandbox, RunId.New(), Cancel));
        Assert.Null(await ReadAsync(NewRecord(), 0));
        Assert.Empty(await Log.ListOpenAsync(_sandbox, Cancel));
        Assert.Empty(await Log.ListRunsAsync(_sandbox, Cancel));
    }

    [Fact]
    public async Task A_withdrawn_run_is_new_again()
    {
        var record = await AcceptAsync();
        Assert.True(await Log.WithdrawAsync(_sandbox, record.Id, Cancel));
        Assert.Null(await Log.FindRunAsync(_sandbox, record.Id, Cancel));
        Assert.Empty(await Log.ListOpenAsync(_sandbox, Cancel));
        Assert.Empty(await Log.ListRunsAsync(_sandbox, Cancel));
        Assert.True(await Log.WithdrawAsync(_sandbox, record.Id, Cancel));
        Assert.True((await Log.AcceptAsync(_sandbox, record, null, Cancel)).IsNew);
    }

    [Fact]
    public async Task A_run_with_events_or_an_exit_is_not_withdrawn()
    {
        var (begun, ended) = (await AcceptAsync(), await AcceptAsync());
        await AppendAsync(begun, Lines(1, 1));
        await AppendAsync(ended, Exit(1), ending: Ending());
        Assert.False(await Log.WithdrawAsync(_sandbox, begun.Id, Cancel));
        Assert.False(await Log.WithdrawAsync(_sandbox, ended.Id, Cancel));
        Assert.Equal([begun.Id, ended.Id], await Log.ListRunsAsync(_sandbox, Cancel));
    }

    [Fact]
    public async Task Batches_are_read_back_in_order_from_any_event()
    {
        var run = await AcceptAsync();
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(1, 3))).Result);
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(4, 1))).Result);
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(5, 4))).Result);
        var all = EventBatches.Join([Lines(1, 3), Lines(4, 1), Lines(5, 4)]);
        for (var after = 0L; after < 8; after++)
        {
            var expected = EventBatches.Slice(all, after, int.MaxValue)!;
            List<EventBatch> parts = [];
            for (var at = after; await ReadAsync(run, at) is { } part; at = part.LastSeq) parts.Add(part);
            AssertSame(expected, EventBatches.Join(parts));
        }

        Assert.Null(await ReadAsync(run, 8));
        Assert.Null(await ReadAsync(run, 100));
    }

    [Fact]
    public async Task A_read_gives_at_least_one_event_and_not_much_more_than_asked_for()
    {
        var run = await AcceptAsync();
        for (var i = 0; i < 100; i++) await AppendAsync(run, Lines(1 + 10 * i, 10, size: 100));
        Assert.InRange((await ReadAsync(run, 0, maxBytes: 1))!.Ends.Length, 1, 10);
        var entry = Lines(1, 10, size: 100).Utf8.Length;
        Assert.InRange((await ReadAsync(run, 3, maxBytes: 5 * entry))!.Utf8.Length, entry, 7 * entry);

        var seen = 0L;
        while (await ReadAsync(run, seen, maxBytes: 20_000) is { } part)
        {
            Assert.Equal(seen + 1, part.FirstSeq);
            seen = part.LastSeq;
        }

        Assert.Equal(1000, seen);
    }

    [Fact]
    public async Task An_append_behind_ahead_of_or_without_the_log_is_fenced()
    {
        var run = await AcceptAsync();
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 0), await AppendAsync(run, Lines(3, 1)));
        await AppendAsync(run, Lines(1, 2));
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 2), await AppendAsync(run, Lines(1, 2)));
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 2), await AppendAsync(run, Lines(2, 4)));
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 2), await AppendAsync(run, Lines(4, 1)));
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 0), await AppendAsync(NewRecord(), Lines(1, 1)));
        AssertSame(Lines(1, 2), await ReadAsync(run, 0));
    }

    [Fact]
    public async Task Of_two_writers_at_one_place_one_wins()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 1));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => AppendAsync(run, Lines(2, 2)))));
        Assert.Single(outcomes, outcome => outcome.Result == AppendResult.Done);
        Assert.Equal(15, outcomes.Count(outcome => outcome == new AppendOutcome(AppendResult.Fenced, 3)));
    }

    [Fact]
    public async Task The_end_of_a_run_is_unreported_until_the_feed_has_it()
    {
        var (first, second, open) = (await AcceptAsync(), await AcceptAsync(), await AcceptAsync());
        await AppendAsync(second, Lines(1, 1));
        await AppendAsync(open, Lines(1, 1));
        Assert.Empty(await Log.ListUnreportedAsync(Sandbox, Cancel));
        await AppendAsync(second, Exit(2), ending: Ending());
        await AppendAsync(first, Exit(1), ending: Ending());
        Assert.Equal([second.Id, first.Id], await Log.ListUnreportedAsync(Sandbox, Cancel));

        await Log.MarkReportedAsync(Sandbox, [second.Id, open.Id], Cancel);
        await Log.MarkReportedAsync(Sandbox, [second.Id], Cancel);

        Assert.Equal([first.Id], await Log.ListUnreportedAsync(Sandbox, Cancel));
    }

    [Fact]
    public async Task The_exit_closes_the_run()
    {
        var run = await AcceptAsync();
        Assert.Equal([run.Id], await Log.ListOpenAsync(_sandbox, Cancel));
        await AppendAsync(run, Lines(1, 2));
        var last = EventLine.Render(
            [new GuestOutput(1, run.Id, 1, true, "x\n"u8.ToArray()), new GuestRunEnded(2, run.Id, 1, 137, ExitReason.Killed, null, Now, true)], 2);
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, last, frame: 9, ending: Ending(137))).Result);

        Assert.Empty(await Log.ListOpenAsync(_sandbox, Cancel));
        Assert.Equal([run.Id], await Log.ListRunsAsync(_sandbox, Cancel));
        var exit = Encoding.UTF8.GetString(EventBatches.LastLine(last));
        Assert.Equal(run with { Exit = exit, LastSeq = 4, Ending = Ending(137) }, await Log.FindRunAsync(_sandbox, run.Id, Cancel));
        Assert.Equal(new AcceptOutcome("aa", IsNew: false, Ended: true), await Log.AcceptAsync(_sandbox, run, null, Cancel));
        Assert.Equal(AppendResult.Ended, (await AppendAsync(run, Lines(5, 1))).Result);
        Assert.Equal(AppendResult.Ended, (await AppendAsync(run, Exit(5), ending: Ending())).Result);
        AssertSame(last, await ReadAsync(run, 2));
    }

    [Fact]
    public async Task Bounds_tell_both_ends_the_frame_and_the_bytes()
    {
        var run = await AcceptAsync();
        Assert.Null(await Log.FindBoundsAsync(_sandbox, run.Id, Cancel));
        await AppendAsync(run, Lines(1, 3), frame: 5);
        await AppendAsync(run, Lines(4, 2), frame: ulong.MaxValue);
        var bounds = (await Log.FindBoundsAsync(_sandbox, run.Id, Cancel))!;
        Assert.Equal((1, 5, ulong.MaxValue), (bounds.FirstSeq, bounds.LastSeq, bounds.LastFrame));
        Assert.Equal(Lines(1, 3).Utf8.Length + Lines(4, 2).Utf8.Length, bounds.Bytes);
        var last = (await Log.FindLastEntryAsync(_sandbox, run.Id, Cancel))!;
        Assert.Equal(5, last.LastSeq);
        Assert.Equal(Lines(4, 2).Utf8, last.Utf8);
    }

    [Fact]
    public async Task A_run_that_ends_in_its_first_batch_is_read_like_any_other()
    {
        foreach (var (keyless, size) in new[] { (true, 20), (true, 5_000), (false, 20), (false, 5_000) })
        {
            var run = NewRecord() with { Keyless = keyless, Trace = new RunTrace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Baggage: "a=b c") };
            await Log.AcceptAsync(_sandbox, run, null, Cancel);
            var batch = EventBatches.Join([Lines(1, 2, size), Exit(3)]);
            Assert.Equal(AppendResult.Done, (await AppendAsync(run, batch, frame: 7, ending: Ending(3))).Result);
            Assert.Equal(
                run with { Exit = Encoding.UTF8.GetString(EventBatches.LastLine(batch)), LastSeq = 3, Ending = Ending(3) }, await Log.FindRunAsync(_sandbox, run.Id, Cancel));
            Assert.Equal(new LogBounds(1, 3, 7, batch.Utf8.Length), await Log.FindBoundsAsync(_sandbox, run.Id, Cancel));
            Assert.Equal(batch.Utf8, (await Log.FindLastEntryAsync(_sandbox, run.Id, Cancel))!.Utf8);
            for (var after = 0; after < 3; after++) AssertSame(EventBatches.Slice(batch, after, int.MaxValue)!, await ReadAsync(run, after));
            Assert.Null(await ReadAsync(run, 3));
            Assert.Equal(AppendResult.Ended, (await AppendAsync(run, Lines(4, 1))).Result);
            Assert.Equal(new AcceptOutcome(run.PayloadHash, IsNew: false, Ended: true), await Log.AcceptAsync(_sandbox, run, null, Cancel));
            Assert.False(await Log.WithdrawAsync(_sandbox, run.Id, Cancel));
        }
    }

    [Fact]
    public async Task A_run_that_has_only_an_exit_has_one_event()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Exit(1), frame: 2, ending: Ending());
        Assert.Equal(new LogBounds(1, 1, 2, Exit(1).Utf8.Length), await Log.FindBoundsAsync(_sandbox, run.Id, Cancel));
        AssertSame(Exit(1), await ReadAsync(run, 0));
    }

    [Fact]
    public async Task A_discarded_run_is_neither_open_nor_listed_and_is_new_again()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 3));
        await Log.DiscardAsync(_sandbox, run.Id, Cancel);
        Assert.Null(await Log.FindRunAsync(_sandbox, run.Id, Cancel));
        Assert.Null(await ReadAsync(run, 0));
        Assert.Empty(await Log.ListOpenAsync(_sandbox, Cancel));
        Assert.Empty(await Log.ListRunsAsync(_sandbox, Cancel));
        Assert.True((await Log.AcceptAsync(_sandbox, run, null, Cancel)).IsNew);
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(1, 1))).Result);
    }

    [Fact]
    public async Task A_run_of_a_sandbox_that_has_ended_is_refused()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Exit(1), ending: Ending());
        await Log.ExpireAsync(_sandbox, deleted: true, Cancel);
        await Log.ExpireAsync(_sandbox, deleted: true, Cancel);
        await Assert.ThrowsAsync<SandboxUnreachableException>(AcceptAsync);
        Assert.Empty(await Log.ListOpenAsync(_sandbox, Cancel));
        Assert.Equal(new AcceptOutcome("aa", IsNew: false, Ended: true), await Log.AcceptAsync(_sandbox, run, null, Cancel));
    }

    [Fact]
    public async Task Trimmed_events_are_gone_and_the_fence_stays()
    {
        var run = await AcceptAsync();
        const int Batches = 400;  // the store may trim in blocks of a hundred
        for (var i = 0; i < Batches; i++) await AppendAsync(run, Lines(1 + 2 * i, 2), keepFrom: 1);
        await AppendAsync(run, Lines(801, 2), keepFrom: 801);
        var bounds = (await Log.FindBoundsAsync(_sandbox, run.Id, Cancel))!;
        Assert.InRange(bounds.FirstSeq, 2, 801);
        Assert.Equal(802, bounds.LastSeq);
        Assert.InRange(bounds.Bytes, Lines(801, 2).Utf8.Length, Lines(1, 2).Utf8.Length * 220);
        Assert.Equal(bounds.FirstSeq, (await ReadAsync(run, 0))!.FirstSeq);
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(803, 1), keepFrom: 801)).Result);
    }

    [Fact]
    public async Task Only_the_last_256_runs_are_listed_oldest_first()
    {
        List<RunId> ids = [];
        for (var i = 0; i < 260; i++) ids.Add((await AcceptAsync()).Id);
        Assert.Equal(ids[4..], await Log.ListRunsAsync(_sandbox, Cancel));
        Assert.Equal(260, (await Log.ListOpenAsync(_sandbox, Cancel)).Count);
        Assert.NotNull(await Log.FindRunAsync(_sandbox, ids[0], Cancel));
    }

    [Fact]
    public async Task Sandboxes_do_not_see_each_others_runs()
    {
        var run = await AcceptAsync();
        var other = SandboxId.New("0123abcd");
        Assert.Null(await Log.FindRunAsync(other, run.Id, Cancel));
        Assert.Empty(await Log.ListRunsAsync(other, Cancel));
        Assert.True((await Log.AcceptAsync(other, run, null, Cancel)).IsNew);
    }

    [Fact]
    public async Task A_large_entry_survives_byte_for_byte()
    {
        var run = await AcceptAsync();
        var batch = Lines(1, 20_000, size: 100);
        await AppendAsync(run, batch);
        AssertSame(batch, await ReadAsync(run, 0, maxBytes: 8 << 20));
    }
}
