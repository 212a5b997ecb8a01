using CsCheck;
using Podflare.Feed;

namespace Podflare.Webhooks;

public sealed class WebhookScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly WebhookSchedule Schedule = WebhookSchedule.Of(new WebhookOptions());
    private static readonly WebhookAttempt Delivered = new(WebhookResult.Success, "204");
    private static readonly WebhookAttempt Failed = new(WebhookResult.Failure, "connect");

    [Fact]
    public void Events_are_taken_in_their_order_as_long_as_there_is_room_and_those_that_nobody_wants_are_passed()
    {
        var record = Schedule.Take(Record("run.ended"), Feed(1, 250), Start);
        Assert.Equal((100, 200), (record.Pending.Length, record.Cursor));
        Assert.False(Schedule.HasRoom(record));
        Assert.Equal(Enumerable.Range(1, 100).Select(i => 2L * i), record.Pending.Select(pending => pending.Seq!.Value));
        Assert.Equal(2, WebhookSchedule.FindDue(record, Start)!.Seq);
        Assert.Equal(record, Schedule.Take(record, Feed(201, 250), Start) with { Pending = record.Pending });
    }

    [Fact]
    public void What_has_left_the_feed_is_counted_as_skipped()
    {
        var record = Schedule.Take(Record("*") with { Cursor = 5 }, Feed(11, 20), Start);
        Assert.Equal((5, 20, 10), (record.Skipped, record.Cursor, record.Pending.Length));
    }

    [Fact]
    public void A_feed_that_went_back_is_read_from_its_beginning()
    {
        var record = Schedule.Take(Record("*") with { Cursor = 500 }, Feed(1, 3), Start);
        Assert.Equal((0, 3, 3), (record.Skipped, record.Cursor, record.Pending.Length));
    }

    [Fact]
    public void A_receiver_that_fails_is_called_by_the_schedule_and_then_not_any_more()
    {
        var (record, now) = (Schedule.Take(Record("run.ended"), Feed(1, 4), Start), Start);
        List<double> waits = [];
        while (WebhookSchedule.NextAt(record) is { } next)
        {
            if (next > now) waits.Add((next - now).TotalSeconds);
            now = next;
            record = Schedule.Apply(record, WebhookSchedule.FindDue(record, now)!, Failed, now, 1, 0);
        }

        Assert.Equal([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400], waits);
        Assert.Equal((WebhookState.Disabled, "the last attempt of a delivery failed"), (record.State, record.DisabledBecause));
        Assert.Equal((DeliveryState.Failed, 10), (record.Log[0].State, record.Log[0].Attempts.Length));
        Assert.Equal(4, Assert.Single(record.Pending).Seq);

        var enabled = WebhookSchedule.Enable(record, now);
        Assert.Equal(4, WebhookSchedule.FindDue(enabled, now)!.Seq);
    }

    [Fact]
    public void A_receiver_that_asks_for_a_pause_gets_no_call_in_it()
    {
        var record = Schedule.Take(Record("*"), Feed(1, 3), Start);
        record = Schedule.Apply(record, record.Pending[0], new WebhookAttempt(WebhookResult.SlowDown, "429", null, TimeSpan.FromMinutes(2)), Start, 1, 0);
        Assert.Null(WebhookSchedule.FindDue(record, Start.AddSeconds(119)));
        Assert.Equal(Start.AddMinutes(2), WebhookSchedule.NextAt(record));
        Assert.NotNull(WebhookSchedule.FindDue(record, Start.AddMinutes(2)));
    }

    [Fact]
    public void A_receiver_that_is_gone_is_called_no_more()
    {
        var record = Schedule.Take(Record("*"), Feed(1, 3), Start);
        record = Schedule.Apply(record, record.Pending[0], new WebhookAttempt(WebhookResult.Gone, "410"), Start, 1, 0);
        Assert.Equal((WebhookState.Disabled, "it answered 410 Gone"), (record.State, record.DisabledBecause));
        Assert.Null(WebhookSchedule.FindDue(record, Start.AddDays(9)));
    }

    [Fact]
    public void A_test_is_sent_once_and_disables_nothing()
    {
        var record = WebhookSchedule.Add(Record("*"), WebhookMessage.Test(new WebhookId("whk_1"), Start));
        record = Schedule.Apply(record, record.Pending[0], Failed, Start, 1, 0);
        Assert.Equal((WebhookState.Active, 0, DeliveryState.Failed), (record.State, record.Pending.Length, Assert.Single(record.Log).State));
    }

    [Fact]
    public void A_replay_makes_what_waits_due_and_adds_what_does_not()
    {
        var record = Schedule.Take(Record("*"), Feed(1, 1), Start);
        record = Schedule.Apply(record, record.Pending[0], Failed, Start, 1, 0);
        var again = WebhookSchedule.Add(record, WebhookMessage.Of(Feed(1, 1).Entries[0], Start));
        Assert.Equal(Start, Assert.Single(again.Pending).NextAt);
        Assert.Single(again.Pending[0].Attempts);
        var delivered = Schedule.Apply(again, again.Pending[0], Delivered, Start, 1, 0);
        Assert.Single(WebhookSchedule.Add(delivered, WebhookMessage.Of(Feed(1, 1).Entries[0], Start)).Pending);
    }

    [Fact]
    public void A_receiver_that_was_away_gets_every_event_once_and_first_attempts_in_order()
    {
        Gen.Select(Gen.Int[1, 150], Gen.Int[0, 60], Gen.Int).Sample((events, minutesAway, seed) =>
        {
            var (random, record, now) = (new Random(seed), Record("*"), Start);
            var back = Start.AddMinutes(minutesAway);
            List<long> delivered = [], first = [];
            while (true)
            {
                if (WebhookSchedule.FindDue(record, now) is { } due)
                {
                    if (due.Attempts.IsEmpty) first.Add(due.Seq!.Value);
                    if (now >= back) delivered.Add(due.Seq!.Value);
                    record = Schedule.Apply(record, due, now >= back ? Delivered : Failed, now, 1, random.NextDouble());
                }
                else if (Schedule.HasRoom(record) && record.Cursor < events) record = Schedule.Take(record, Feed(1, events), now);
                else if (WebhookSchedule.NextAt(record) is { } next) now = next;
                else break;
            }

            return delivered.Order().SequenceEqual(Enumerable.Range(1, events).Select(i => (long)i)) && first.SequenceEqual(first.Order()) && record.State is WebhookState.Active;
        }, iter: 200);
    }

    [Fact]
    public void A_message_has_what_the_specification_says_and_stays_small()
    {
        var small = WebhookMessage.Of(Entry(812, "run.ended"), Start);
        Assert.Equal("""{"type":"run.ended","timestamp":"1970-01-01T00:00:00.007Z","data":{"seq":812,"sandbox_id":"sbx_1","run_id":null,"exit_code":0}}""", small.Body);
        var json = $$$$"""{"id":"evt_1","type":"sandbox.created","ts":7,"sandbox_id":"sbx_1","run_id":null,"data":{"metadata":{"a":"{{{{new string('x', 30_000)}}}}"}}}""";
        var large = WebhookMessage.Of(new FeedEntry(1, "evt_1", "sandbox.created", "sbx_1", json), Start);
        Assert.EndsWith("""{"seq":1,"sandbox_id":"sbx_1","run_id":null,"truncated":true}}""", large.Body, StringComparison.Ordinal);
    }

    private static WebhookRecord Record(params string[] events) => new() { Url = "https://example.com/", Events = [.. events] };

    // Odd numbers are starts, even ones ends.
    private static FeedSlice Feed(long oldest, long newest) =>
        new(oldest, newest, [.. Enumerable.Range((int)oldest, (int)(newest - oldest + 1)).Select(seq => Entry(seq, seq % 2 == 0 ? "run.ended" : "run.started"))]);

    private static FeedEntry Entry(long seq, string type) =>
        new(seq, $"evt_{seq}", type, "sbx_1", $$$"""{"id":"evt_{{{seq}}}","type":"{{{type}}}","ts":7,"sandbox_id":"sbx_1","run_id":null,"data":{"exit_code":0}}""");
}
