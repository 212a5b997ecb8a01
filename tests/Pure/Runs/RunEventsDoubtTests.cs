using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Stores that do not answer, that lose answers, or that come back with older data.</summary>
public sealed class RunEventsDoubtTests : RunEventsTest
{
    [Fact]
    public async Task An_append_is_repeated_until_the_store_answers()
    {
        var events = await OpenNewAsync();
        Log.FailBefore = 6;
        var append = AppendAsync(events, 3);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Single(Log.Appends);
        Assert.Equal([1, 2, 3], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_found_in_the_log()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 1);
        Log.LoseAnswers = 1;
        var append = AppendAsync(events, 3);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Equal(2, Log.Appends.Count);
        Assert.Equal([1, 2, 3, 4], await SeqsAfterAsync(events, 0));
    }

    [Fact]
    public async Task An_exit_whose_answer_was_lost_ends_the_run_once()
    {
        var events = await OpenNewAsync();
        Log.LoseAnswers = 1;
        var append = events.AppendAsync(EventLine.RenderExit(0, null, null, 1, Now), 4, Ending, force: false, Cancel);
        await RunClockAsync(append);
        Assert.Equal(AppendResult.Done, await append);
        Assert.Equal((true, 4UL, 1), (events.Ended, events.LastFrame, events.LastSeq));
    }

    [Fact]
    public async Task An_append_that_arrives_late_is_not_taken_for_another_writer()
    {
        var events = await OpenNewAsync();
        Log.Delay = true;
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
        Log.FailBefore = 1;
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
        Log.FailBefore = 1;
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
        Log.Store = older;
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
        Log.Store = NewStore();
        Assert.True(events.IsInDoubt);
        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        var record = await Log.FindRunAsync(Sandbox, Record.Id, Cancel);
        Assert.Equal(events.Record, record);
        Assert.Equal([1, 2, 3, 4], await SeqsAfterAsync(await OpenAsync(), 0));
    }

    [Fact]
    public async Task A_quiet_run_is_in_doubt_after_the_epoch_has_risen_until_it_was_verified()
    {
        var events = await OpenNewAsync();
        await AppendAsync(events, 3);
        var older = NewStore();
        await older.AcceptAsync(Sandbox, Record, null, Cancel);
        Assert.False(events.IsInDoubt);
        Log.Store = older;
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
        Log.Store = NewStore();
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

    /// <summary>The store has done it; the answer never comes, and the caller gives up.</summary>
    private async Task CancelledAppendAsync(RunEvents events, int count)
    {
        using var cancel = new CancellationTokenSource();
        Log.LoseAnswers = 1;
        var append = events.AppendAsync(Lines(1, count), 9, null, force: false, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => append);
    }

    /// <summary>Moves the clock through backoffs until the task is done.</summary>
    private async Task RunClockAsync(Task task)
    {
        for (var i = 0; i < 1000 && !task.IsCompleted; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    private async Task CopyAsync(MemoryEventLog to)
    {
        await to.AcceptAsync(Sandbox, Record, null, Cancel);
        foreach (var append in Log.Appends) await to.AppendAsync(Sandbox, Record.Id, append, Cancel);
    }

    private async Task AssertStoreAsync(MemoryEventLog store, long lastSeq, ulong lastFrame)
    {
        var bounds = (await store.FindBoundsAsync(Sandbox, Record.Id, Cancel))!;
        Assert.Equal((1, lastSeq, lastFrame), (bounds.FirstSeq, bounds.LastSeq, bounds.LastFrame));
        Assert.Equal([.. Range(1, lastSeq)], await SeqsAfterAsync(await OpenAsync(), 0));
    }
}
