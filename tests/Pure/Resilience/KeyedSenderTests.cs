using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Podflare.Resilience;

public sealed class KeyedSenderTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_whose_receiver_fails_delays_no_other_and_loses_nothing()
    {
        var receiver = new Receiver { Failing = "a" };
        var sender = SenderTo(receiver);
        foreach (var item in Enumerable.Range(0, 100))
        {
            sender.Add("a", item);
            sender.Add("b", item);
        }

        sender.Start();
        await receiver.HasAsync("b", 100);
        await receiver.HasFailedAsync(3);
        Assert.Empty(receiver.Of("a"));

        receiver.Failing = null;
        await receiver.HasAsync("a", 100);
        Assert.Equal(Enumerable.Range(0, 100), receiver.Of("a"));
        Assert.Equal(Enumerable.Range(0, 100), receiver.Of("b"));
        Assert.All(receiver.Batches, size => Assert.InRange(size, 1, 10));
        Assert.Empty(receiver.Dropped);
        await sender.StopAsync();
    }

    [Fact]
    public async Task Of_too_many_items_those_of_the_key_with_the_most_are_dropped()
    {
        var receiver = new Receiver { Failing = "a" };
        var sender = SenderTo(receiver, capacity: 50);
        foreach (var item in Enumerable.Range(0, 200)) sender.Add("a", item);
        foreach (var item in Enumerable.Range(0, 20)) sender.Add("b", item);

        sender.Start();
        await receiver.HasAsync("b", 20);
        receiver.Failing = null;
        await receiver.HasAsync("a", 30);
        Assert.Equal(Enumerable.Range(170, 30), receiver.Of("a"));
        Assert.Equal(Enumerable.Range(0, 170).Select(item => ("a", item)), receiver.Dropped);
        await sender.StopAsync();
    }

    [Fact]
    public async Task A_key_all_of_whose_items_were_dropped_is_not_called()
    {
        var receiver = new Receiver();
        var sender = SenderTo(receiver, capacity: 1);
        sender.Add("a", 1);
        sender.Add("b", 2);

        sender.Start();
        await receiver.HasAsync("b", 1);
        Assert.Equal([("a", 1)], receiver.Dropped);
        Assert.All(receiver.Batches, size => Assert.Equal(1, size));
        await sender.StopAsync();
    }

    [Fact]
    public async Task Items_of_many_threads_arrive_in_the_order_of_each_key_while_calls_fail()
    {
        var receiver = new Receiver { FailEvery = 3 };
        var sender = SenderTo(receiver);
        sender.Start();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(key => Task.Run(() =>
        {
            foreach (var item in Enumerable.Range(0, 500)) sender.Add($"{key}", item);
        }, Cancel)));

        foreach (var key in Enumerable.Range(0, 8))
        {
            await receiver.HasAsync($"{key}", 500);
            Assert.Equal(Enumerable.Range(0, 500), receiver.Of($"{key}"));
        }

        await sender.StopAsync();
        sender.Add("late", 1);
        Assert.Empty(receiver.Of("late"));
    }

    private static KeyedSender<string, int> SenderTo(Receiver receiver, int capacity = 10_000) =>
        new(receiver, new SendPolicy("test", capacity, 10, TimeSpan.Zero, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(5)), TimeProvider.System, NullLogger.Instance);

    private sealed class Receiver : IKeyedReceiver<string, int>
    {
        private readonly ConcurrentDictionary<string, List<int>> _taken = new();
        private readonly SemaphoreSlim _changes = new(0);
        private int _calls;
        private int _failures;

        public volatile string? Failing;

        public int FailEvery { get; init; }

        public ConcurrentQueue<int> Batches { get; } = new();

        public ConcurrentQueue<(string Key, int Item)> Dropped { get; } = new();

        public IReadOnlyList<int> Of(string key)
        {
            if (!_taken.TryGetValue(key, out var items)) return [];
            lock (items) return [.. items];
        }

        public Task HasAsync(string key, int count) => UntilAsync(() => Of(key).Count >= count);

        public Task HasFailedAsync(int times) => UntilAsync(() => Volatile.Read(ref _failures) >= times);

        public async Task SendAsync(string key, IReadOnlyList<int> batch, CancellationToken cancellationToken)
        {
            await Task.Yield();
            if (key == Failing || (FailEvery > 0 && Interlocked.Increment(ref _calls) % FailEvery == 0)) throw new InvalidOperationException("not now");
            Batches.Enqueue(batch.Count);
            var items = _taken.GetOrAdd(key, _ => []);
            lock (items) items.AddRange(batch);
            _changes.Release();
        }

        public void OnFailed(string key, Exception exception)
        {
            Interlocked.Increment(ref _failures);
            _changes.Release();
        }

        public void OnDropped(string key, int item) => Dropped.Enqueue((key, item));

        private async Task UntilAsync(Func<bool> condition)
        {
            while (!condition()) Assert.True(await _changes.WaitAsync(Limit, Cancel), "nothing has changed for 20 s");
        }
    }
}
