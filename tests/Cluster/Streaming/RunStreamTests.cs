using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Providers.Streams.Common;
using Orleans.Runtime;
using Orleans.Streams;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Streaming;

public sealed class RunStreamTests(StreamFixture fixture) : IClassFixture<StreamFixture>
{
    private static readonly TenantId Tenant = TestSandboxGrain.Tenant;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly RunId _run = RunId.New();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_in_any_process_gets_every_event_and_the_exit()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var reads = fixture.Processes.Select(process => ReadAllAsync(process.GetRequiredService<RunReader>(), id, 0)).ToArray();
        await grain.Write(_run, 500, 100, 7);
        await grain.End(_run);
        foreach (var read in reads) Assert.Equal(Range(1, 501), await read.WaitAsync(Soon, Cancel));
        await NoReaderIsLeftAsync(grain);
        Assert.NotNull(await grain.GetUnreadSince(_run));
    }

    [Fact]
    public async Task A_reader_behind_the_end_gets_the_exit()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        await grain.Write(_run, 3, 10, 3);
        await grain.End(_run);
        foreach (var after in new long[] { 3, 4, 5, 100 }) Assert.Equal([4L], await ReadAllAsync(fixture.ClientReader, id, after).WaitAsync(Soon, Cancel));
    }

    [Fact]
    public async Task Subscribing_in_mid_batch_starts_after_the_token()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        await grain.Write(_run, 10, 10, 10);
        var observer = new Collector();
        var stream = Stream(id);
        var handle = await stream.SubscribeAsync(observer, new EventSequenceTokenV2(4));
        Assert.Equal([handle], await stream.GetAllSubscriptionHandles());
        await observer.WaitForAsync(10);
        await grain.Write(_run, 2, 10, 1);
        await grain.End(_run);
        await observer.Completed.Task.WaitAsync(Soon, Cancel);
        Assert.Equal(Range(5, 13), observer.Seqs);
        Assert.Equal([.. observer.Tokens.Order()], observer.Tokens);
        await NoReaderIsLeftAsync(grain);
        await EventuallyAsync(async () => (await stream.GetAllSubscriptionHandles()).Count == 0);
    }

    [Fact]
    public async Task Unsubscribing_leaves_no_pump_and_no_observer()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var live = fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        var before = live.Live;
        var observer = new Collector();
        var handle = await Stream(id).SubscribeAsync(observer);
        Assert.Equal(1, await grain.CountReaders());
        Assert.Null(await grain.GetUnreadSince(_run));
        await handle.UnsubscribeAsync();
        await NoReaderIsLeftAsync(grain);
        Assert.Equal(before, live.Live);
        await grain.Write(_run, 1, 10, 1);
        Assert.Empty(observer.Seqs);
    }

    [Fact]
    public async Task A_subscription_that_is_refused_leaves_nothing_behind()
    {
        var (id, grain) = fixture.NewSandbox();
        var live = fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        var before = live.Live;
        await Assert.ThrowsAsync<RunNotFoundException>(() => Stream(id).SubscribeAsync(new Collector()));
        await grain.Accept(_run);
        var foreign = fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create("somebody else", $"{id}/{_run}"));
        await Assert.ThrowsAsync<SandboxNotFoundException>(() => foreign.SubscribeAsync(new Collector()));
        Assert.Equal(before, live.Live);
        Assert.Equal(0, await grain.CountReaders());
    }

    [Fact]
    public async Task A_reader_may_come_before_the_run()
    {
        var (id, grain) = fixture.NewSandbox();
        var read = ReadAllAsync(fixture.ClientReader, id, 0, expectStart: true);
        await EventuallyAsync(async () => await grain.CountReaders() == 1);
        await grain.Accept(_run);
        await grain.Write(_run, 2, 10, 2);
        await grain.End(_run);
        Assert.Equal(Range(1, 3), await read.WaitAsync(Soon, Cancel));
    }

    [Fact]
    public async Task Only_the_sandbox_publishes()
    {
        var stream = Stream(fixture.NewSandbox().Id);
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.OnNextAsync(EventBatch.Heartbeat));
        Assert.Throws<ArgumentException>(() => fixture.ClientStreams.GetStream<string>(stream.StreamId));
        Assert.Throws<FormatException>(() => fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create("t", "no run")));
    }

    [Fact]
    public async Task Twenty_reconnects_leave_no_gap_and_no_duplicate()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) await grain.Write(_run, 10, 20, 3);
            await grain.End(_run);
        }, Cancel);
        List<long> seen = [];
        for (var reader = 0; reader < 20; reader++)
        {
            var process = fixture.Processes.ElementAt(reader % 3);
            var whole = reader % 4;
            await foreach (var batch in process.GetRequiredService<RunReader>().ReadAsync(Tenant, id, _run, seen.LastOrDefault(), false, Cancel))
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

        seen.AddRange(await ReadAllAsync(fixture.ClientReader, id, seen[^1]).WaitAsync(Soon, Cancel));
        await writing;
        Assert.Equal(Range(1, 2001), seen.Distinct());
        Assert.Equal(seen.Order(), seen);
        await NoReaderIsLeftAsync(grain);
    }

    [Fact]
    public async Task A_slow_reader_neither_stops_a_fast_one_nor_gathers_memory_nor_loses_an_event()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var provider = fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        await using var slow = new RunSubscription(provider, Tenant, id, _run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await slow.SubscribeAsync();
        var fast = ReadAllAsync(fixture.ClientReader, id, 0);
        await grain.Write(_run, 700, 1000, 5);
        await grain.End(_run);
        Assert.Equal(Range(1, 701), await fast.WaitAsync(Soon, Cancel));

        // The slow one's producer has given up; what waits is bounded.
        await NoReaderIsLeftAsync(grain);
        Assert.InRange(slow.BufferedBytes, 1, provider.Options.BufferBytes + 16 * 1024);

        List<long> seen = [];
        for (var exit = false; !exit;)
        {
            var batch = await slow.NextAsync().AsTask().WaitAsync(Soon, Cancel);
            seen.AddRange(Seqs(batch));
            exit = batch.HasExit;
        }

        Assert.Equal(Range(1, 701), seen);
    }

    [Fact]
    public async Task Evicted_events_are_told_with_the_oldest_that_is_left()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        await grain.Write(_run, 3000, 1000, 50);
        foreach (var process in fixture.Processes)
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
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        await grain.Write(_run, 5, 10, 5);
        var seen = new ConcurrentQueue<long>();
        var read = ReadAllAsync(fixture.ClientReader, id, 0, seen: seen);
        await EventuallyAsync(() => Task.FromResult(seen.Count == 5));
        for (var i = 0; i < 3; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await grain.Deactivate();
            await EventuallyAsync(async () => await grain.CountReaders() == 1);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));  // far below the silence that would tell, too
            await grain.Write(_run, 5, 10, 2);
        }

        await grain.End(_run);
        Assert.Equal(Range(1, 21), await read.WaitAsync(Soon, Cancel));
    }

    [Fact]
    public async Task Trimming_waits_for_a_reader_that_moves_and_not_for_one_that_stands_still()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var provider = fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        await using var still = new RunSubscription(provider, Tenant, id, _run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await still.SubscribeAsync();
        await using var moving = new RunSubscription(provider, Tenant, id, _run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await moving.SubscribeAsync();

        // Six times the limit of the log: the writer has to wait for the moving reader again and again.
        var writing = grain.Write(_run, 6000, 1000, 20);
        var end = writing.ContinueWith(_ => grain.End(_run), Cancel, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default).Unwrap();
        List<long> seen = [];
        for (var exit = false; !exit;)
        {
            var batch = await moving.NextAsync().AsTask().WaitAsync(Soon, Cancel);
            seen.AddRange(Seqs(batch));
            exit = batch.HasExit;
            if (seen.Count % 500 < 20) await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
        }

        Assert.Equal(Range(1, 6001), seen);
        await end;
        var gone = await Assert.ThrowsAsync<EventsEvictedException>(async () =>
        {
            for (; ; ) await still.NextAsync().AsTask().WaitAsync(Soon, Cancel);
        });
        Assert.True(gone.OldestSeq > 1000);
    }

    [Fact]
    public async Task A_chatty_run_leaves_its_grain_time_for_others()
    {
        var (_, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var writing = grain.Write(_run, 300_000, 10, 10);
        for (var i = 0; i < 3; i++) Assert.Equal(0, await grain.CountReaders());
        Assert.False(writing.IsCompleted, "The calls waited for the whole output.");
        await writing.WaitAsync(Soon, Cancel);
    }

    [Fact]
    public async Task A_sandbox_has_no_more_readers_than_its_limit()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        List<StreamSubscriptionHandle<EventBatch>> handles = [];
        for (var i = 0; i < StreamFixture.MaxReaders; i++) handles.Add(await Stream(id).SubscribeAsync(new Collector()));
        var refused = await Assert.ThrowsAsync<TooManyReadersException>(() => Stream(id).SubscribeAsync(new Collector()));
        Assert.Equal(StreamFixture.MaxReaders, refused.Limit);
        await handles[0].UnsubscribeAsync();
        handles[0] = await Stream(id).SubscribeAsync(new Collector());
        foreach (var handle in handles) await handle.UnsubscribeAsync();
        await NoReaderIsLeftAsync(grain);
    }

    [Fact]
    public async Task The_same_id_replaces_its_subscription_and_a_pump_knows_nothing_of_the_call_that_made_it()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        var factory = fixture.Cluster.GrainFactory;
        var producer = factory.GetGrain(GrainId.Create(TestSandboxGrain.Name, id.Value)).AsReference<IRunStreamExtension>();
        var (first, second) = (new Subscriber(), new Subscriber());
        var subscription = Guid.NewGuid();
        RequestContext.Set("secret", "of the subscriber");
        using (new Activity("subscribe").Start())
        {
            await producer.Subscribe(subscription, Tenant, _run, 0, false, factory.CreateObjectReference<IRunSubscriber>(first));
            await grain.Write(_run, 1, 10, 1);
            await EventuallyAsync(() => Task.FromResult(first.Batches.Any(batch => batch.LastSeq == 1)));
            await producer.Subscribe(subscription, Tenant, _run, 1, false, factory.CreateObjectReference<IRunSubscriber>(second));
        }

        RequestContext.Clear();
        Assert.Equal(1, await grain.CountReaders());
        await grain.Write(_run, 1, 10, 1);
        await EventuallyAsync(() => Task.FromResult(second.Batches.Any(batch => batch.LastSeq == 2)));
        await EventuallyAsync(() => Task.FromResult(second.Batches.Any(batch => batch == EventBatch.Heartbeat || batch.FirstSeq == 0)));
        Assert.DoesNotContain(first.Batches, batch => batch.LastSeq == 2);
        Assert.All([.. first.Contexts, .. second.Contexts], Assert.Null);

        // A subscriber that fails ends its pump.
        second.Fail = true;
        await grain.Write(_run, 1, 10, 1);
        await NoReaderIsLeftAsync(grain);
    }

    [Fact]
    public async Task A_subscriber_that_never_answers_holds_nothing_once_it_is_unsubscribed()
    {
        var (id, grain) = fixture.NewSandbox();
        await grain.Accept(_run);
        await grain.Write(_run, 1, 10, 1);
        var factory = fixture.Cluster.GrainFactory;
        var producer = factory.GetGrain(GrainId.Create(TestSandboxGrain.Name, id.Value)).AsReference<IRunStreamExtension>();
        var subscriber = new Subscriber { Hang = true };
        var subscription = Guid.NewGuid();
        await producer.Subscribe(subscription, Tenant, _run, 0, false, factory.CreateObjectReference<IRunSubscriber>(subscriber));
        await EventuallyAsync(() => Task.FromResult(!subscriber.Contexts.IsEmpty));
        Assert.Null(await grain.GetUnreadSince(_run));
        await producer.Unsubscribe(subscription);
        await EventuallyAsync(async () => await grain.GetUnreadSince(_run) is not null);
        GC.KeepAlive(subscriber);
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var seq = first; seq <= last; seq++) yield return seq;
    }

    /// <summary>What the lines themselves say, checked against the batch's own numbers.</summary>
    private static List<long> Seqs(EventBatch batch)
    {
        List<long> seqs = [];
        var start = 0;
        foreach (var end in batch.Ends)
        {
            using var json = JsonDocument.Parse(batch.Utf8.AsMemory(start, end - start));
            seqs.Add(json.RootElement.GetProperty("seq").GetInt64());
            start = end;
        }

        Assert.Equal(Range(batch.FirstSeq, batch.LastSeq), seqs);
        return seqs;
    }

    private async Task<List<long>> ReadAllAsync(RunReader reader, SandboxId id, long after, bool expectStart = false, ConcurrentQueue<long>? seen = null)
    {
        List<long> seqs = [];
        await foreach (var batch in reader.ReadAsync(Tenant, id, _run, after, expectStart, Cancel))
        {
            foreach (var seq in Seqs(batch))
            {
                seqs.Add(seq);
                seen?.Enqueue(seq);
            }
        }

        return seqs;
    }

    private async Task<EventBatch> FirstAsync(RunReader reader, SandboxId id, long after)
    {
        await foreach (var batch in reader.ReadAsync(Tenant, id, _run, after, false, Cancel)) return batch;
        throw new InvalidOperationException("Nothing was read.");
    }

    private static Task NoReaderIsLeftAsync(ITestSandboxGrain grain) => EventuallyAsync(async () => await grain.CountReaders() == 0);

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var start = Stopwatch.GetTimestamp(); !await condition();)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Soon, "It does not come about.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
        }
    }

    private IAsyncStream<EventBatch> Stream(SandboxId id) =>
        fixture.ClientStreams.GetStream<EventBatch>(StreamId.Create(Tenant.Value, $"{id}/{_run}"));

    private sealed class Collector : IAsyncObserver<EventBatch>
    {
        public ConcurrentQueue<long> Seqs { get; } = new();

        public ConcurrentQueue<long> Tokens { get; } = new();

        public TaskCompletionSource Completed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task OnNextAsync(EventBatch item, StreamSequenceToken? token = null)
        {
            Tokens.Enqueue(token!.SequenceNumber);
            foreach (var seq in RunStreamTests.Seqs(item)) Seqs.Enqueue(seq);
            return Task.CompletedTask;
        }

        public Task OnCompletedAsync()
        {
            Completed.TrySetResult();
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex)
        {
            Completed.TrySetException(ex);
            return Task.CompletedTask;
        }

        public Task WaitForAsync(long seq) => EventuallyAsync(() => Task.FromResult(Seqs.LastOrDefault() >= seq));
    }

    private sealed class Subscriber : IRunSubscriber
    {
        public ConcurrentQueue<EventBatch> Batches { get; } = new();

        public ConcurrentQueue<object?> Contexts { get; } = new();

        public bool Fail { get; set; }

        public bool Hang { get; set; }

        public Task<bool> Deliver(EventBatch batch)
        {
            Contexts.Enqueue(RequestContext.Get("secret"));
            if (Hang) return new TaskCompletionSource<bool>().Task;
            if (Fail) throw new InvalidOperationException("This subscriber is broken.");
            Batches.Enqueue(batch);
            return Task.FromResult(true);
        }
    }
}
