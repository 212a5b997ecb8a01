using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Providers.Streams.Common;
using Orleans.Runtime;
using Orleans.Streams;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Streaming;

/// <summary>Subscribing, reading to the exit, and resuming.</summary>
public sealed class RunStreamTests(StreamFixture fixture) : RunStreamTest(fixture)
{
    [Fact]
    public async Task A_reader_in_any_process_gets_every_event_and_the_exit()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var reads = Fixture.Processes.Select(process => ReadAllAsync(process.GetRequiredService<RunReader>(), id, 0)).ToArray();
        await grain.Write(Run, 500, 100, 7);
        await grain.End(Run);
        foreach (var read in reads) Assert.Equal(Range(1, 501), await read.WaitAsync(Soon, Cancel));
        await NoReaderIsLeftAsync(grain);
        Assert.NotNull(await grain.GetUnreadFor(Run));
    }

    [Fact]
    public async Task A_reader_behind_the_end_gets_the_exit()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        await grain.Write(Run, 3, 10, 3);
        await grain.End(Run);
        foreach (var after in new long[] { 3, 4, 5, 100 }) Assert.Equal([4L], await ReadAllAsync(Fixture.ClientReader, id, after).WaitAsync(Soon, Cancel));
    }

    [Fact]
    public async Task Subscribing_in_mid_batch_starts_after_the_token()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        await grain.Write(Run, 10, 10, 10);
        var observer = new Collector();
        var stream = Stream(id);
        var handle = await stream.SubscribeAsync(observer, new EventSequenceTokenV2(4));
        Assert.Equal([handle], await stream.GetAllSubscriptionHandles());
        await observer.WaitForAsync(10);
        await grain.Write(Run, 2, 10, 1);
        await grain.End(Run);
        await observer.Completed.Task.WaitAsync(Soon, Cancel);
        Assert.Equal(Range(5, 13), observer.Seqs);
        Assert.Equal([.. observer.Tokens.Order()], observer.Tokens);
        await NoReaderIsLeftAsync(grain);
        await EventuallyAsync(async () => (await stream.GetAllSubscriptionHandles()).Count == 0);
    }

    [Fact]
    public async Task Unsubscribing_leaves_no_pump_and_no_observer()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var live = Fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        var before = live.Live;
        var observer = new Collector();
        var handle = await Stream(id).SubscribeAsync(observer);
        Assert.Equal(1, await grain.CountReaders());
        Assert.Null(await grain.GetUnreadFor(Run));
        await handle.UnsubscribeAsync();
        await NoReaderIsLeftAsync(grain);
        Assert.Equal(before, live.Live);
        await grain.Write(Run, 1, 10, 1);
        Assert.Empty(observer.Seqs);
    }

    [Fact]
    public async Task A_subscription_that_is_refused_leaves_nothing_behind()
    {
        var (id, grain) = Fixture.NewSandbox();
        var live = Fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        var before = live.Live;
        await Assert.ThrowsAsync<RunNotFoundException>(() => Stream(id).SubscribeAsync(new Collector()));
        await grain.Accept(Run);
        var foreign = Fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create("somebody else", $"{id}/{Run}"));
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => foreign.SubscribeAsync(new Collector()));
        Assert.Equal(before, live.Live);
        Assert.Equal(0, await grain.CountReaders());
    }

    [Fact]
    public async Task A_reader_may_come_before_the_run()
    {
        var (id, grain) = Fixture.NewSandbox();
        var read = ReadAllAsync(Fixture.ClientReader, id, 0, expectStart: true);
        await EventuallyAsync(async () => await grain.CountReaders() == 1);
        await grain.Accept(Run);
        await grain.Write(Run, 2, 10, 2);
        await grain.End(Run);
        Assert.Equal(Range(1, 3), await read.WaitAsync(Soon, Cancel));
    }

    [Fact]
    public async Task Only_the_sandbox_publishes()
    {
        var stream = Stream(Fixture.NewSandbox().Id);
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnNextAsync(EventBatch.Heartbeat));
        Assert.Throws<ArgumentException>(() => Fixture.ClientStreams.GetStream<string>(stream.StreamId));
        Assert.Throws<FormatException>(() => Fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create("t", "no run")));
    }

    [Fact]
    public async Task Twenty_reconnects_leave_no_gap_and_no_duplicate()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) await grain.Write(Run, 10, 20, 3);
            await grain.End(Run);
        }, Cancel);
        List<long> seen = [];
        for (var reader = 0; reader < 20; reader++)
        {
            var process = Fixture.Processes.ElementAt(reader % 3);
            var whole = reader % 4;
            await foreach (var batch in process.GetRequiredService<RunReader>().ReadAsync(Tenant, id, Run, seen.LastOrDefault(), false, Cancel))
            {
                if (whole-- > 0)
                {
                    seen.AddRange(Seqs(batch));
                    continue;
                }

                seen.AddRange(Seqs(batch).Take(2));  // it leaves in mid-batch
                break;
            }
        }

        seen.AddRange(await ReadAllAsync(Fixture.ClientReader, id, seen[^1]).WaitAsync(Soon, Cancel));
        await writing;
        Assert.Equal(Range(1, 2001), seen.Distinct());
        Assert.Equal(seen.Order(), seen);
        await NoReaderIsLeftAsync(grain);
    }

    [Fact]
    public async Task Evicted_events_are_told_with_the_oldest_that_is_left()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        await grain.Write(Run, 3000, 1000, 50);
        foreach (var process in Fixture.Processes)
        {
            var gone = await Assert.ThrowsAsync<EventsEvictedException>(
                () => ReadAllAsync(process.GetRequiredService<RunReader>(), id, 7).WaitAsync(Soon, Cancel));
            Assert.InRange(gone.OldestSeq, 1500, 2900);
            var first = await FirstAsync(process.GetRequiredService<RunReader>(), id, gone.OldestSeq - 1);
            Assert.Equal(gone.OldestSeq, first.FirstSeq);
        }

        await Assert.ThrowsAnyAsync<DataNotAvailableException>(() => Stream(id).SubscribeAsync(new Collector(), new EventSequenceTokenV2(7)));
    }

    [Fact]
    public async Task A_deactivated_producer_sends_its_readers_to_the_next_activation()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        await grain.Write(Run, 5, 10, 5);
        var seen = new ConcurrentQueue<long>();
        var read = ReadAllAsync(Fixture.ClientReader, id, 0, seen: seen);
        await EventuallyAsync(() => Task.FromResult(seen.Count == 5));
        for (var i = 0; i < 3; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await grain.Deactivate();
            await EventuallyAsync(async () => await grain.CountReaders() == 1);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));  // far below the silence that would tell, too
            await grain.Write(Run, 5, 10, 2);
        }

        await grain.End(Run);
        Assert.Equal(Range(1, 21), await read.WaitAsync(Soon, Cancel));
    }
}
