using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Podflare.Resilience;

/// <summary>
/// Sends items in the background, in batches and in order for each key. A key whose receiver fails is tried again, and delays no other key. Never waits, and
/// never fails for whoever adds an item. What waits when it stops is lost.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer and a semaphore without a wait handle have nothing to dispose of.")]
public sealed class KeyedSender<TKey, TItem>(IKeyedReceiver<TKey, TItem> receiver, SendPolicy policy, TimeProvider time, ILogger logger)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Queue<TItem>> _waiting = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _slots = new(policy.MaxCalls);
    private int _count;
    private bool _isStarted;
    private bool _isStopped;

    /// <summary>Begins to send. Items may have been added before.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted || _isStopped) return;
            _isStarted = true;
            foreach (var (key, queue) in _waiting) Begin(key, queue);
        }
    }

    /// <summary>Adds an item. Beyond <see cref="SendPolicy.Capacity"/> the oldest item of the key with the most items is dropped.</summary>
    public void Add(TKey key, TItem item)
    {
        (TKey Key, TItem Item)? dropped = null;
        lock (_gate)
        {
            if (_isStopped) return;
            var isNew = !_waiting.TryGetValue(key, out var queue);
            if (isNew) _waiting.Add(key, queue = new Queue<TItem>());
            queue!.Enqueue(item);
            if (++_count > policy.Capacity) dropped = TakeOldest();
            if (isNew && _isStarted) Begin(key, queue);
        }

        if (dropped is { } oldest) receiver.OnDropped(oldest.Key, oldest.Item);
    }

    /// <summary>Stops sending. Safe to repeat.</summary>
    public async Task StopAsync()
    {
        lock (_gate) _isStopped = true;
        await _stop.CancelAsync();
    }

    private void Begin(TKey key, Queue<TItem> queue)
    {
        // Whoever adds an item may be a grain, whose scheduler and trace this must not take along.
        using (ExecutionContext.SuppressFlow()) Background.Run(logger, policy.Name, Task.Run(() => SendAllAsync(key, queue, _stop.Token), _stop.Token));
    }

    private async Task SendAllAsync(TKey key, Queue<TItem> queue, CancellationToken cancellationToken)
    {
        do
        {
            if (policy.Gathering > TimeSpan.Zero) await Task.Delay(policy.Gathering, time, cancellationToken);
            var batch = Take(queue);
            var pause = new Backoff(policy.FirstPause, policy.LongestPause, time);
            while (batch.Count > 0 && !await TrySendAsync(key, batch, cancellationToken)) await pause.WaitAsync(cancellationToken);
        }
        while (HasMore(key, queue));
    }

    private async Task<bool> TrySendAsync(TKey key, IReadOnlyList<TItem> batch, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            await receiver.SendAsync(key, batch, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (!Transient.IsTransient(e)) receiver.OnFailed(key, e);
            return false;
        }
        finally
        {
            _slots.Release();
        }

        lock (_gate) _count -= batch.Count;
        return true;
    }

    private List<TItem> Take(Queue<TItem> queue)
    {
        List<TItem> batch = [];
        lock (_gate)
        {
            while (batch.Count < policy.MaxBatch && queue.TryDequeue(out var item)) batch.Add(item);
        }

        return batch;
    }

    private bool HasMore(TKey key, Queue<TItem> queue)
    {
        lock (_gate)
        {
            if (queue.Count > 0) return true;
            _waiting.Remove(key);
            return false;
        }
    }

    private (TKey, TItem) TakeOldest()
    {
        var (key, queue) = _waiting.MaxBy(pair => pair.Value.Count);
        _count--;
        return (key, queue.Dequeue());
    }
}
