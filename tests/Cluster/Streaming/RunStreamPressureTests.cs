using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Streams;
using Podflare.Runs;

namespace Podflare.Streaming;

/// <summary>Readers and subscribers that are slow, many, or broken.</summary>
public sealed class RunStreamPressureTests(StreamFixture fixture) : RunStreamTest(fixture)
{
    [Fact]
    public async Task A_slow_reader_neither_stops_a_fast_one_nor_gathers_memory_nor_loses_an_event()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var provider = Fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        await using var slow = new RunSubscription(provider, Tenant, id, Run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await slow.SubscribeAsync();
        var fast = ReadAllAsync(Fixture.ClientReader, id, 0);
        await grain.Write(Run, 700, 1000, 5);
        await grain.End(Run);
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
    public async Task Trimming_waits_for_a_reader_that_moves_and_not_for_one_that_stands_still()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var provider = Fixture.Cluster.Client.ServiceProvider.GetRequiredService<RunStreamProvider>();
        await using var still = new RunSubscription(provider, Tenant, id, Run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await still.SubscribeAsync();
        await using var moving = new RunSubscription(provider, Tenant, id, Run, 0, expectStart: false, pollWhenFull: null, Cancel);
        await moving.SubscribeAsync();

        // Six times the limit of the log: the writer has to wait for the moving reader again and again.
        var writing = grain.Write(Run, 6000, 1000, 20);
        var end = writing.ContinueWith(_ => grain.End(Run), Cancel, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default).Unwrap();
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
        var (_, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var writing = grain.Write(Run, 300_000, 10, 10);
        for (var i = 0; i < 3; i++) Assert.Equal(0, await grain.CountReaders());
        Assert.False(writing.IsCompleted, "The calls waited for the whole output.");
        await writing.WaitAsync(Soon, Cancel);
    }

    [Fact]
    public async Task A_sandbox_has_no_more_readers_than_its_limit()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
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
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        var factory = Fixture.Cluster.GrainFactory;
        var producer = factory.GetGrain(GrainId.Create(TestSandboxGrain.Name, id.Value)).AsReference<IRunStreamExtension>();
        var (first, second) = (new Subscriber(), new Subscriber());
        var subscription = Guid.NewGuid();
        RequestContext.Set("secret", "of the subscriber");
        using (new Activity("subscribe").Start())
        {
            await producer.Subscribe(subscription, Tenant, Run, 0, false, factory.CreateObjectReference<IRunSubscriber>(first));
            await grain.Write(Run, 1, 10, 1);
            await EventuallyAsync(() => Task.FromResult(first.Batches.Any(batch => batch.LastSeq == 1)));
            await producer.Subscribe(subscription, Tenant, Run, 1, false, factory.CreateObjectReference<IRunSubscriber>(second));
        }

        RequestContext.Clear();
        Assert.Equal(1, await grain.CountReaders());
        await grain.Write(Run, 1, 10, 1);
        await EventuallyAsync(() => Task.FromResult(second.Batches.Any(batch => batch.LastSeq == 2)));
        await EventuallyAsync(() => Task.FromResult(second.Batches.Any(batch => batch == EventBatch.Heartbeat || batch.FirstSeq == 0)));
        Assert.DoesNotContain(first.Batches, batch => batch.LastSeq == 2);
        Assert.All([.. first.Contexts, .. second.Contexts], Assert.Null);

        // A subscriber that fails ends its pump.
        second.Fail = true;
        await grain.Write(Run, 1, 10, 1);
        await NoReaderIsLeftAsync(grain);
    }

    [Fact]
    public async Task A_subscriber_that_never_answers_holds_nothing_once_it_is_unsubscribed()
    {
        var (id, grain) = Fixture.NewSandbox();
        await grain.Accept(Run);
        await grain.Write(Run, 1, 10, 1);
        var factory = Fixture.Cluster.GrainFactory;
        var producer = factory.GetGrain(GrainId.Create(TestSandboxGrain.Name, id.Value)).AsReference<IRunStreamExtension>();
        var subscriber = new Subscriber { Hang = true };
        var subscription = Guid.NewGuid();
        await producer.Subscribe(subscription, Tenant, Run, 0, false, factory.CreateObjectReference<IRunSubscriber>(subscriber));
        await EventuallyAsync(() => Task.FromResult(!subscriber.Contexts.IsEmpty));
        Assert.Null(await grain.GetUnreadFor(Run));
        await producer.Unsubscribe(subscription);
        await EventuallyAsync(async () => await grain.GetUnreadFor(Run) is not null);
        GC.KeepAlive(subscriber);
    }
}
