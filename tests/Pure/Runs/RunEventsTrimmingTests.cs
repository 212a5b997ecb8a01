using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>What goes when the log is full, and which readers it waits for.</summary>
public sealed class RunEventsTrimmingTests : RunEventsTest
{
    [Fact]
    public async Task Without_readers_the_oldest_events_go_when_the_log_is_full()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 40; i++) await AppendAsync(events, 100, size: 1000);
        var store = (MemoryEventLog)Log.Store;
        Assert.InRange(store.Bytes, 700_000, Settings.MaxLogBytes);
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
        Assert.True(((MemoryEventLog)Log.Store).Bytes <= Settings.MaxLogBytes);
    }

    [Fact]
    public Task Trimming_waits_for_a_reader_that_moves() => AsInAGrainAsync(async () =>
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        var append = AppendAsync(events, 100, size: 1000);
        Assert.Equal(10, Log.Appends.Count);
        for (var seq = 20; seq < 100; seq += 20)
        {
            Time.Advance(TimeSpan.FromSeconds(9));
            await Task.Yield();
            Assert.False(append.IsCompleted);
            reader.Moved(seq);
            await Task.Yield();
        }

        Assert.Equal(1, (await events.ReadAfterAsync(0, 1000, Cancel))!.FirstSeq);
        reader.Moved(100);
        Assert.Equal(AppendResult.Done, await append.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        Assert.Equal(101, events.FirstSeq);
    });

    [Fact]
    public async Task A_reader_that_stands_still_holds_nothing_for_longer_than_its_patience()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        var append = AppendAsync(events, 100, size: 1000);
        Assert.Equal(10, Log.Appends.Count);
        Time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(append.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(0.2));
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
        Assert.Equal(10, Log.Appends.Count);
        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(AppendResult.Done, await append.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
    }

    [Fact]
    public async Task A_reader_that_had_everything_is_not_still()
    {
        var events = await OpenNewAsync();
        using var reader = events.AddReader(0);
        await AppendAsync(events, 1);
        reader.Moved(1);
        Time.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 10; i++) await AppendAsync(events, 100, size: 1000);
        _ = AppendAsync(events, 100, size: 1000);
        Assert.Equal(11, Log.Appends.Count);
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
    public async Task A_run_knows_for_how_long_nobody_has_read_it()
    {
        var events = await OpenNewAsync();
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), events.UnreadFor);
        var (one, two) = (events.AddReader(0), events.AddReader(0));
        Assert.Null(events.UnreadFor);
        Time.Advance(TimeSpan.FromSeconds(5));
        one.Dispose();
        one.Dispose();
        Assert.Null(events.UnreadFor);
        two.Dispose();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), events.UnreadFor);
    }

    [Fact]
    public async Task Readers_that_come_and_go_leave_little_behind()
    {
        var events = await OpenNewAsync();
        for (var i = 0; i < 10_000; i++) events.AddReader(0).Dispose();
        Assert.Equal(0, events.Readers);
        Assert.InRange(events.Remembered, 0, Settings.MaxReaders + 1);
    }

    // One thing at a time: two threads could meet between the look at the readers and the wait for them.
    private static Task AsInAGrainAsync(Func<Task> test) =>
        Task.Factory.StartNew(test, Cancel, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();
}
