using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Guests;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

public sealed class RunEventsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RunEnding Ending = new(0, null, Now, Now, false);

    private readonly FakeTimeProvider _time = new(Now);
    private readonly RunOptions _options = new() { MaxLogBytes = 1024 * 1024, RingBytes = 64 * 1024 };
    private readonly SandboxId _sandbox = SandboxId.New("0123abcd");
    private readonly RunRecord _record = new(RunId.New(), "aa", RunLanguage.Python, TimeSpan.FromMinutes(1), OnDisconnect.Continue, Now);
    private readonly List<MemoryEventLog> _stores = [];
    private readonly UnreliableLog _log;

    public RunEventsTests() => _log = new UnreliableLog(NewStore());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _stores.ForEach(store => store.Dispose());

    [Fact]
    public async Task What_was_appended_is_read_from_any_event()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 3);
        await AppendAsync(events, 4);
        Assert.Equal((7, 1, 2UL), (events.LastSeq, events.FirstSeq, events.LastFrame));
        for (var after = 0L; after < 7; after++) Assert.Equal([.. Range(after + 1, 7)], await SeqsAfterAsync(events, after));
        Assert.Null(await events.ReadAfterAsync(7, 1000, Cancel));
        Assert.Null(await events.ReadAfterAsync(99, 1000, Cancel));
    }

    [Fact]
    public async Task An_append_is_published_only_when_the_log_has_it()
    {
        var events = await OpenNewAsync();
        var changed = events.Changed;
        _log.BeforeAppend = () =>
        {
            Assert.Equal(0, events.LastSeq);
            Assert.False(changed.IsCompleted);
            return Task.CompletedTask;
        };
        await AppendAsync(events, 1);
        Assert.True(changed.IsCompleted);
        Assert.False(events.Changed.IsCompleted);
    }

    [Fact]
    public async Task Older_events_come_from_the_log_and_small_ones_are_merged()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 300; i++) await AppendAsync(events, 10, size: 100);
        Assert.Equal([.. Range(1, 3000)], await SeqsAfterAsync(events, 0));
        var batch = (await events.ReadAfterAsync(2900, 20_000, Cancel))!;
        Assert.True(batch.Ends.Length > 50);
        Assert.InRange(batch.Utf8.Length, 1, 20_000);
        Assert.Single((await events.ReadAfterAsync(2900, 1, Cancel))!.Ends);
    }

    [Fact]
    public async Task A_ring_that_was_released_costs_nothing_but_a_look_into_the_log()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 5);
        await EndAsync(events);
        events.ReleaseRing();
        Assert.Equal([.. Range(1, 6)], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task A_reader_at_or_behind_the_end_gets_the_exit_again()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 5);
        await EndAsync(events);
        Assert.True(events.Ended);
        foreach (var after in new long[] { 5, 6, 7, 1000 })
        {
            var batch = (await events.ReadAfterAsync(after, 1000, Cancel))!;
            Assert.Equal((6, 6, true), (batch.FirstSeq, batch.LastSeq, batch.HasExit));
        }
    }

    [Fact]
    public async Task When_the_events_of_an_ended_run_are_gone_the_exit_is_left()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 5);
        await EndAsync(events);
        events.ReleaseRing();
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(6, events.FirstSeq);
        var gone = await Assert.ThrowsAsync<EventsEvictedException>(async () => await events.ReadAfterAsync(3, 1000, Cancel));
        Assert.Equal(6, gone.OldestSeq);
        Assert.True((await events.ReadAfterAsync(5, 1000, Cancel))!.HasExit);

        var again = await OpenAsync();
        Assert.Equal((6, 6), (again.LastSeq, again.FirstSeq));
        Assert.True((await again.ReadAfterAsync(5, 1000, Cancel))!.HasExit);
        await Assert.ThrowsAsync<EventsEvictedException>(async () => await again.ReadAfterAsync(0, 1000, Cancel));
    }

    [Fact]
    public async Task Another_activation_goes_on_where_the_log_ends_and_fences_the_first()
    {
        var first = await OpenNewAsync();
        await AppendAsync(first, 5, frame: 7);
        var second = await OpenAsync();
        Assert.Equal((5, 1, 7UL), (second.LastSeq, second.FirstSeq, second.LastFrame));
        Assert.Equal(AppendResult.Done, await AppendAsync(second, 2, frame: 8));
        Assert.Equal(AppendResult.Fenced, await AppendAsync(first, 1, frame: 8));
        Assert.Equal(AppendResult.Fenced, await first.VerifyAsync(Cancel));
        Assert.Equal(AppendResult.Done, await second.VerifyAsync(Cancel));
    }

    [Fact]
    public async Task Nothing_follows_an_exit_that_somebody_else_wrote()
    {
        var (first, second) = (await OpenNewAsync(), await OpenAsync());
        await EndAsync(second);
        Assert.Equal(AppendResult.Ended, await AppendAsync(first, 1));
        Assert.True(first.Ended);
        Assert.True((await first.ReadAfterAsync(0, 1000, Cancel))!.HasExit);
    }

    [Fact]
    public async Task An_append_is_repeated_until_the_store_answers()
    {
        var events = await OpenNewAsync();
        _log.FailBefore = 6;
        var append = AppendAsync(events, 3);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Single(_log.Appends);
        Assert.Equal([1, 2, 3], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_found_in_the_log()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 1);
        _log.LoseAnswers = 1;
        var append = AppendAsync(events, 3);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Equal(2, _log.Appends.Count);
        Assert.Equal([1, 2, 3, 4], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task An_exit_whose_answer_was_lost_ends_the_run_once()
    {
        var events = await OpenNewAsync();
        _log.LoseAnswers = 1;
        var append = events.AppendAsync(EventLine.RenderExit(0, null, null, 1, Now), 4, Ending, force: false, Cancel);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Equal((true, 4UL, 1), (events.Ended, events.LastFrame, events.LastSeq));
    }

    [Fact]
    public async Task An_append_that_arrives_late_is_not_taken_for_another_writer()
    {
        var events = await OpenNewAsync();
        _log.Delay = true;
        var append = AppendAsync(events, 3);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Equal(3, events.LastSeq);
    }

    [Fact]
    public async Task A_cancelled_append_that_was_done_counts_for_the_next_one()
    {
        var events = await OpenNewAsync();
        await CancelledAppendAsync(events, 3);
        Assert.Equal(0, events.LastSeq);

        // The next batch covers the same frames and two more lines.
        var batch = EventBatches.Join([Lines(1, 3), Lines(4, 2)]);
        Assert.Equal(AppendResult.Done, await events.AppendAsync(batch, 12, null, force: false, Cancel));
        Assert.Equal((5, 12UL), (events.LastSeq, events.LastFrame));
        Assert.Equal([1, 2, 3, 4, 5], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task A_batch_that_a_cancelled_one_has_overtaken_must_be_numbered_anew()
    {
        var events = await OpenNewAsync();
        await CancelledAppendAsync(events, 3);
        var exit = EventLine.RenderExit(137, ExitReason.Killed, null, 1, Now);
        var ending = Ending with { Code = 137, Reason = ExitReason.Killed };
        Assert.Equal(AppendResult.Renumber, await events.AppendAsync(exit, 0, ending, force: true, Cancel));
        Assert.Equal((3, 9UL), (events.LastSeq, events.LastFrame));
        exit = EventLine.RenderExit(137, ExitReason.Killed, null, events.LastSeq + 1, Now);
        Assert.Equal(AppendResult.Done, await events.AppendAsync(exit, events.LastFrame, ending, force: true, Cancel));
        Assert.Equal([1, 2, 3, 4], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task Two_appends_at_a_time_get_different_numbers()
    {
        var events = await OpenNewAsync();
        _log.FailBefore = 1;
        var first = AppendAsync(events, 2);
        var second = events.AppendAsync(EventLine.RenderExit(255, ExitReason.Lost, null, 1, Now), 0, Ending, force: true, Cancel);
        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        await RunClockAsync(first);
        Assert.Equal(AppendResult.Done, await first);
        Assert.Equal(AppendResult.Renumber, await second);
        await EndAsync(events);
        Assert.Equal([1, 2, 3], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task An_append_that_waits_for_its_turn_can_be_given_up()
    {
        var events = await OpenNewAsync();
        using var cancel = new CancellationTokenSource();
        _log.FailBefore = 1;
        var first = AppendAsync(events, 2);
        var second = events.AppendAsync(Lines(1, 5), 9, null, force: true, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await RunClockAsync(first);
        Assert.Equal(AppendResult.Done, await AppendAsync(events, 1));
        Assert.Equal([1, 2, 3], await SeqsAfterAsync(events, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_store_that_came_back_with_older_data_gets_the_rest_from_the_ring(int kept)
    {
        var events = await OpenNewAsync();
        var older = NewStore();
        for (var i = 0; i < 4; i++)
        {
            if (i == kept) await CopyAsync(older);
            await AppendAsync(events, 3, frame: (ulong)i + 1);
        }

        if (kept == 4) await CopyAsync(older);
        _log.Store = older;
        Assert.Equal(AppendResult.Done, await AppendAsync(events, 1, frame: 5));
        await AssertStoreAsync(older, 13, 5);
    }

    [Fact]
    public async Task A_store_that_came_back_without_the_exit_gets_it_again()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 3);
        await EndAsync(events);
        Assert.False(events.IsInDoubt);
        _log.Store = NewStore();
        Assert.True(events.IsInDoubt);
        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        var record = await _log.FindRunAsync(_sandbox, _record.Id, Cancel);
        Assert.Equal(events.Record, record);
        Assert.Equal([1, 2, 3, 4], await SeqsAfterAsync(await OpenAsync(), 0));
    }

    [Fact]
    public async Task A_quiet_run_is_in_doubt_after_the_epoch_has_risen_until_it_was_verified()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 3);
        var older = NewStore();
        await older.AcceptAsync(_sandbox, _record, null, Cancel);
        Assert.False(events.IsInDoubt);
        _log.Store = older;
        Assert.True(events.IsInDoubt);
        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        Assert.False(events.IsInDoubt);
        Assert.Equal([1, 2, 3], await SeqsAfterAsync(await OpenAsync(), 0));
    }

    [Fact]
    public async Task A_new_activation_knows_when_the_log_has_lost_frames_that_the_guest_has_dropped()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 1, frame: 4);
        await AppendAsync(events, 1, frame: 6);
        Assert.False((await OpenAsync()).HasLostFrames(6));
        Assert.True((await OpenAsync()).HasLostFrames(7));
        Assert.False((await OpenNewAsync()).HasLostFrames(0));
        await EndAsync(events);
        Assert.False((await OpenAsync()).HasLostFrames(9));
    }

    [Fact]
    public async Task What_the_ring_no_longer_has_ends_the_run_lost()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 100; i++) await AppendAsync(events, 10, size: 200);
        _log.Store = NewStore();
        Assert.Equal(AppendResult.Behind, await events.VerifyAsync(Cancel));
        Assert.Equal(AppendResult.Behind, await AppendAsync(events, 1));
        Assert.Equal(AppendResult.Behind, await AppendAsync(events, 1));
        Assert.Equal(1000, events.LastSeq);

        var exit = EventLine.RenderExit(255, ExitReason.Lost, null, 1001, Now);
        var lost = Ending with { Code = 255, Reason = ExitReason.Lost };
        Assert.Equal(AppendResult.Done, await events.AppendAsync(exit, events.LastFrame, lost, force: true, Cancel));
        Assert.True((await events.ReadAfterAsync(1000, 1000, Cancel))!.HasExit);
        var again = await OpenAsync();
        Assert.Equal(1001, (await Assert.ThrowsAsync<EventsEvictedException>(async () => await again.ReadAfterAsync(10, 1000, Cancel))).OldestSeq);
    }

    [Fact]
    public async Task Without_readers_the_oldest_events_go_when_the_log_is_full()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 40; i++) await AppendAsync(events, 100, size: 1000);
        var store = (MemoryEventLog)_log.Store;
        Assert.InRange(store.Bytes, 700_000, _options.MaxLogBytes);
        var first = events.FirstSeq!.Value;
        Assert.InRange(first, 2500, 3500);
        var gone = await Assert.ThrowsAsync<EventsEvictedException>(async () => await events.ReadAfterAsync(0, 1000, Cancel));
        Assert.Equal(first, gone.OldestSeq);
        Assert.Equal([.. Range(first, 4000)], await SeqsAfterAsync(events, first - 1));
    }

    [Fact]
    public async Task What_was_there_before_this_activation_goes_as_one_block()
    {
        var first = await OpenNewAsync();
        for (var i = 0; i < 8; i++) await AppendAsync(first, 100, size: 1000);
        var second = await OpenAsync();
        for (var i = 0; i < 5; i++) await AppendAsync(second, 100, size: 1000);
        Assert.Equal(801, second.FirstSeq);
        Assert.True(((MemoryEventLog)_log.Store).Bytes <= _options.MaxLogBytes);
    }

    [Fact]
    public async Task Trimming_waits_for_a_reader_that_moves()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        var append = AppendAsync(events, 100, size: 1000);
        Assert.Equal(10, _log.Appends.Count);
        for (var seq = 20; seq < 100; seq += 20)
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            Assert.False(append.IsCompleted);
            reader.Moved(seq);
        }

        Assert.Equal(1, (await events.ReadAfterAsync(0, 1000, Cancel))!.FirstSeq);
        reader.Moved(100);
        Assert.Equal(AppendResult.Done, await append.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        Assert.Equal(101, events.FirstSeq);
    }

    [Fact]
    public async Task A_reader_that_stands_still_holds_nothing_for_longer_than_its_patience()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        var append = AppendAsync(events, 100, size: 1000);
        Assert.Equal(10, _log.Appends.Count);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(append.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(AppendResult.Done, await append.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        await Assert.ThrowsAsync<EventsEvictedException>(async () => await events.ReadAfterAsync(reader.Seq, 1000, Cancel));
    }

    [Fact]
    public async Task A_reader_that_left_keeps_its_place_for_a_while()
    {
        var events = await OpenNewAsync();
        events.AddReader(0).Dispose();
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        var append = AppendAsync(events, 100, size: 1000);
        Assert.Equal(10, _log.Appends.Count);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(AppendResult.Done, await append.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
    }

    [Fact]
    public async Task A_reader_that_had_everything_is_not_still()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        await AppendAsync(events, 1);
        reader.Moved(1);
        _time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        _ = AppendAsync(events, 100, size: 1000);
        Assert.Equal(11, _log.Appends.Count);
        Assert.Equal(2, (await events.ReadAfterAsync(1, 1000, Cancel))!.FirstSeq);
    }

    [Fact]
    public async Task The_end_waits_for_no_reader_and_takes_nothing_from_it()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        Assert.Equal(AppendResult.Done, await events.AppendAsync(Lines(1001, 500, 1000), 9, null, force: true, Cancel));
        await EndAsync(events);
        Assert.Equal([.. Range(1, 1501)], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task A_run_knows_since_when_nobody_reads_it()
    {
        var events = await OpenNewAsync();
        Assert.Equal(Now, events.UnreadSince);
        var (one, two) = (events.AddReader(0), events.AddReader(0));
        Assert.Null(events.UnreadSince);
        _time.Advance(TimeSpan.FromSeconds(5));
        one.Dispose();
        one.Dispose();
        Assert.Null(events.UnreadSince);
        two.Dispose();
        Assert.Equal(Now.AddSeconds(5), events.UnreadSince);
    }

    [Fact]
    public async Task Readers_that_come_and_go_leave_little_behind()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 10_000; i++) events.AddReader(0).Dispose();
        Assert.Equal(0, events.Readers);
        Assert.InRange(events.Remembered, 0, _options.MaxReaders + 1);
    }

    private static EventBatch Lines(long first, int count, int size = 3)
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('x', size - 1) + "\n", count)));
        return EventLine.Render([new GuestOutput(1, default, 1, false, text)], first - 1);
    }

    private static Task<AppendResult> AppendAsync(RunEvents events, int count, int size = 3, ulong? frame = null) =>
        events.AppendAsync(Lines(events.LastSeq + 1, count, size), frame ?? events.LastFrame + 1, null, force: false, Cancel);

    private static async Task EndAsync(RunEvents events) => Assert.Equal(
        AppendResult.Done,
        await events.AppendAsync(EventLine.RenderExit(0, null, null, events.LastSeq + 1, Now), events.LastFrame + 1, Ending, force: false, Cancel));

    private static async Task<List<long>> SeqsAfterAsync(RunEvents events, long after)
    {
        List<long> seqs = [];
        while (await events.ReadAfterAsync(after, 64 * 1024, Cancel) is { } batch)
        {
            seqs.AddRange(Range(batch.FirstSeq, batch.LastSeq));
            after = batch.LastSeq;
            if (batch.HasExit) break;
        }

        return seqs;
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var seq = first; seq <= last; seq++) yield return seq;
    }

    private MemoryEventLog NewStore()
    {
        var store = new MemoryEventLog(Options.Create(_options), _time);
        _stores.Add(store);
        return store;
    }

    private async Task<RunEvents> OpenNewAsync()
    {
        await _log.AcceptAsync(_sandbox, _record, null, Cancel);
        return await RunEvents.OpenAsync(_log, _sandbox, _record, isNew: true, _options, _time, Cancel);
    }

    private async Task<RunEvents> OpenAsync()
    {
        var record = (await _log.FindRunAsync(_sandbox, _record.Id, Cancel))!;
        return await RunEvents.OpenAsync(_log, _sandbox, record, isNew: false, _options, _time, Cancel);
    }

    /// <summary>The store has done it; the answer never comes, and the caller gives up.</summary>
    private async Task CancelledAppendAsync(RunEvents events, int count)
    {
        using var cancel = new CancellationTokenSource();
        _log.LoseAnswers = 1;
        var append = events.AppendAsync(Lines(1, count), 9, null, force: false, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => append);
    }

    /// <summary>Moves the clock through backoffs until the task is done.</summary>
    private async Task RunClockAsync(Task task)
    {
        for (var i = 0; i < 1000 && !task.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    private async Task CopyAsync(MemoryEventLog to)
    {
        await to.AcceptAsync(_sandbox, _record, null, Cancel);
        foreach (var append in _log.Appends) await to.AppendAsync(_sandbox, _record.Id, append, Cancel);
    }

    private async Task AssertStoreAsync(MemoryEventLog store, long lastSeq, ulong lastFrame)
    {
        var bounds = (await store.FindBoundsAsync(_sandbox, _record.Id, Cancel))!;
        Assert.Equal((1, lastSeq, lastFrame), (bounds.FirstSeq, bounds.LastSeq, bounds.LastFrame));
        Assert.Equal([.. Range(1, lastSeq)], await SeqsAfterAsync(await OpenAsync(), 0));
    }
}
