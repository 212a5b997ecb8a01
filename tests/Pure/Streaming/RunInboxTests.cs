using System.Text;
using Microsoft.Extensions.Time.Testing;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Streaming;

public sealed class RunInboxTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RunReaderOptions _options = new() { BufferBatches = 3, BufferBytes = 4096 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_event_arrives_once_however_batches_overlap()
    {
        var inbox = new RunInbox(2, _options, _time);
        Assert.True(await inbox.Deliver(Lines(1, 4)));
        Assert.True(await inbox.Deliver(Lines(3, 2)));
        Assert.True(await inbox.Deliver(Lines(2, 5)));
        Assert.Equal((3, 4), await TakeAsync(inbox));
        Assert.Equal((5, 6), await TakeAsync(inbox));
        Assert.Equal(6, inbox.Received);
    }

    [Fact]
    public async Task An_exit_behind_the_reader_counts_when_there_was_none()
    {
        var inbox = new RunInbox(100, _options, _time);
        var batch = EventLine.Render([new GuestOutput(1, default, 1, false, "a\n"u8.ToArray()), new GuestRunEnded(2, default, 1, 3, null, null, null, false)], 8);
        Assert.True(await inbox.Deliver(batch));
        Assert.True(inbox.HasExit);
        Assert.Equal((10, 10), await TakeAsync(inbox));
        Assert.False(await inbox.Deliver(batch));
    }

    [Fact]
    public async Task A_gap_breaks_the_subscription()
    {
        var inbox = new RunInbox(0, _options, _time);
        Assert.True(await inbox.Deliver(Lines(1, 1)));
        Assert.False(await inbox.Deliver(Lines(3, 1)));
        Assert.Equal((1, 1), await TakeAsync(inbox));
        Assert.Equal(InboxBreak.Moved, (await inbox.TakeAsync(Cancel)).Why);
    }

    [Fact]
    public async Task A_producer_waits_for_room_and_is_then_told_that_there_is_none()
    {
        var inbox = new RunInbox(0, _options, _time);
        for (var i = 1; i <= 3; i++) Assert.True(await inbox.Deliver(Lines(i, 1)));
        var fourth = inbox.Deliver(Lines(4, 1));
        Assert.False(fourth.IsCompleted);
        Assert.Equal((1, 1), await TakeAsync(inbox));
        Assert.True(await fourth);

        var fifth = inbox.Deliver(Lines(5, 1));
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(fifth.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(await fifth.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        for (var i = 2; i <= 4; i++) Assert.Equal((i, i), await TakeAsync(inbox));
        Assert.Equal(InboxBreak.Full, (await inbox.TakeAsync(Cancel)).Why);
        Assert.Equal(4, inbox.Received);
    }

    [Fact]
    public async Task The_buffer_is_bounded_by_bytes_too()
    {
        var inbox = new RunInbox(0, _options, _time);
        Assert.True(await inbox.Deliver(Lines(1, 100)));  // over the limit, but alone
        Assert.False(inbox.Deliver(Lines(101, 1)).IsCompleted);
    }

    [Fact]
    public async Task Silence_breaks_the_subscription_and_a_heartbeat_prevents_it()
    {
        var inbox = new RunInbox(0, _options, _time);
        var taken = inbox.TakeAsync(Cancel).AsTask();
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(await inbox.Deliver(EventBatch.Heartbeat));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(taken.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(InboxBreak.Silent, (await taken.WaitAsync(TimeSpan.FromSeconds(10), Cancel)).Why);
    }

    [Fact]
    public async Task Moved_ends_the_subscription_behind_what_had_arrived()
    {
        var inbox = new RunInbox(0, _options, _time);
        Assert.True(await inbox.Deliver(Lines(1, 2)));
        Assert.False(await inbox.Deliver(EventBatch.Moved));
        Assert.Equal((1, 2), await TakeAsync(inbox));
        Assert.Equal(InboxBreak.Moved, (await inbox.TakeAsync(Cancel)).Why);
        inbox.Reopen();
        Assert.True(await inbox.Deliver(Lines(3, 1)));
        Assert.Equal((3, 3), await TakeAsync(inbox));
    }

    [Fact]
    public async Task A_closed_inbox_releases_the_producer_at_once()
    {
        var inbox = new RunInbox(0, _options, _time);
        for (var i = 1; i <= 3; i++) Assert.True(await inbox.Deliver(Lines(i, 1)));
        var fourth = inbox.Deliver(Lines(4, 1));
        inbox.Close();
        Assert.False(await fourth.WaitAsync(TimeSpan.FromSeconds(10), Cancel));
        Assert.False(await inbox.Deliver(EventBatch.Heartbeat));
    }

    private static EventBatch Lines(long first, int count) => EventLine.Render(
        [new GuestOutput(1, default, 1, false, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x\n", count))))], first - 1);

    private static async Task<(long, long)> TakeAsync(RunInbox inbox)
    {
        var (batch, _) = await inbox.TakeAsync(Cancel);
        Assert.NotNull(batch);
        return (batch.FirstSeq, batch.LastSeq);
    }
}
