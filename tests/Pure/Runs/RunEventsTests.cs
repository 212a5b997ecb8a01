using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>Appending, reading, and the end.</summary>
public sealed class RunEventsTests : RunEventsTest
{
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
        Log.BeforeAppend = () =>
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
        Time.Advance(TimeSpan.FromHours(2));
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
}
