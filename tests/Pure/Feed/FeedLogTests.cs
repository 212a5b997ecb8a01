using Microsoft.Extensions.Time.Testing;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Feed;

/// <summary>What both feed logs have in common.</summary>
public abstract class FeedLogTests
{
    private static readonly SandboxId Sandbox = SandboxId.New("0123abcd");
    private readonly TenantId _tenant = new(Guid.NewGuid().ToString("N"));

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));

    protected static FeedOptions Options { get; } = new() { Events = 100, Hours = 2 };

    protected abstract IFeedLog Log { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_numbered_without_gaps_and_none_is_there_twice()
    {
        FeedEvent[] events = [.. Enumerable.Range(0, 5).Select(i => Ended(i))];
        Assert.Equal([0, 1, 2], await Log.AppendAsync(_tenant, events[..3], Cancel));
        Assert.Equal([2, 3], await Log.AppendAsync(_tenant, events[1..], Cancel));
        Assert.Empty(await Log.AppendAsync(_tenant, events, Cancel));

        var slice = await Log.ReadAsync(_tenant, 0, 100, Cancel);

        Assert.Equal(events.Select(told => told.Id), slice.Entries.Select(entry => entry.Id));
        Assert.Equal(Enumerable.Range(0, 5).Select(i => slice.Oldest + i), slice.Entries.Select(entry => entry.Seq));
        Assert.Equal(slice.Entries[^1].Seq, slice.Newest);
        Assert.Equal(slice.Entries.Skip(2).Take(2), (await Log.ReadAsync(_tenant, slice.Entries[1].Seq, 2, Cancel)).Entries);
        Assert.StartsWith($$"""{"seq":{{slice.Oldest}},"id":"{{events[0].Id}}","type":"run.ended","ts":0,"sandbox_id":"{{Sandbox}}","run_id":"run_""", slice.Entries[0].ToLine(), StringComparison.Ordinal);
        Assert.EndsWith(""" "data":{"exit_code":0}}""".TrimStart(), slice.Entries[0].ToLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_oldest_events_leave_by_number_and_by_age_and_numbers_go_on()
    {
        for (var i = 0; i < 130; i += 10) await Log.AppendAsync(_tenant, [.. Enumerable.Range(i, 10).Select(Ended)], Cancel);
        var full = await Log.ReadAsync(_tenant, 0, 1_000, Cancel);
        Assert.Equal((100, full.Newest - 99), (full.Entries.Count, full.Oldest));
        Assert.Empty(await Log.AppendAsync(_tenant, [Ended(3)], Cancel));

        Time.Advance(TimeSpan.FromHours(2.1));
        await Log.AppendAsync(_tenant, [Ended(1_000)], Cancel);
        await Log.AppendAsync(_tenant, [Ended(1_001)], Cancel);

        var rest = await Log.ReadAsync(_tenant, 0, 1_000, Cancel);
        Assert.Equal([full.Newest + 1, full.Newest + 2], rest.Entries.Select(entry => entry.Seq));
        Assert.Equal(full.Newest + 1, rest.Oldest);
    }

    [Fact]
    public async Task A_start_that_comes_after_its_end_is_dropped()
    {
        var start = FeedEvent.Of(FeedEventType.RunStarted, DateTimeOffset.UnixEpoch, Sandbox, Run(1), "{}") with { ObsoleteAfter = Ended(1).Id };
        Assert.Equal([0, 2], await Log.AppendAsync(_tenant, [Ended(1), start, Ended(2)], Cancel));
        Assert.Equal([0, 1], await Log.AppendAsync(new TenantId(_tenant.Value + "2"), [start, Ended(1)], Cancel));
    }

    [Fact]
    public async Task An_empty_feed_has_no_events_and_its_oldest_is_the_next()
    {
        var slice = await Log.ReadAsync(_tenant, 0, 10, Cancel);
        Assert.Empty(slice.Entries);
        Assert.Equal(slice.Newest + 1, slice.Oldest);
    }

    [Fact]
    public async Task Writers_at_the_same_time_leave_no_gap()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++) await Log.AppendAsync(_tenant, [Ended(writer * 10 + i), Ended(i)], Cancel);
        })));
        var slice = await Log.ReadAsync(_tenant, 0, 1_000, Cancel);
        Assert.Equal(80, slice.Entries.Select(entry => entry.Id).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 80).Select(i => slice.Oldest + i), slice.Entries.Select(entry => entry.Seq));
    }

    private static RunId Run(int i) => RunId.Parse($"run_{i:x32}", null);

    private static FeedEvent Ended(int i) => FeedEvent.Of(FeedEventType.RunEnded, DateTimeOffset.UnixEpoch, Sandbox, Run(i), """{"exit_code":0}""");
}
