using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>
/// A limited number of places for which tenants take turns. A place that becomes free goes to the next waiting tenant, and there to the caller that
/// has waited the longest. Thread-safe.
/// </summary>
/// <param name="places">Places of all tenants together.</param>
/// <param name="maxWaiting">Waiters at most; one more is refused.</param>
internal sealed class FairGate(int places, int maxWaiting)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, Line> _lines = [];

    // The tenants that wait, in the order of their turns.
    private readonly LinkedList<TenantId> _turns = [];
    private int _taken;
    private int _waiting;

    /// <summary>Callers that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock) return _waiting;
        }
    }

    /// <summary>Places that a tenant has.</summary>
    public int TakenBy(TenantId tenant)
    {
        lock (_lock) return _lines.GetValueOrDefault(tenant)?.Taken ?? 0;
    }

    /// <summary>Takes a place if one is free and nobody waits for it.</summary>
    /// <param name="most">Places of this tenant at most.</param>
    /// <returns>Null when there is none.</returns>
    public Place? TryEnter(TenantId tenant, int most)
    {
        lock (_lock)
        {
            var line = LineOf(tenant, most);
            if (line.Waiters.Count == 0 && _taken < places && line.Taken < most) return Take(tenant, line);
            Forget(tenant, line);
            return null;
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="most">Places of this tenant at most.</param>
    /// <returns>Null when too many wait.</returns>
    public async ValueTask<Place?> EnterAsync(TenantId tenant, int most, CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<Place>> waiter;
        lock (_lock)
        {
            var line = LineOf(tenant, most);
            if (line.Waiters.Count == 0 && _taken < places && line.Taken < most) return Take(tenant, line);
            if (_waiting >= maxWaiting)
            {
                Forget(tenant, line);
                return null;
            }

            if (line.Waiters.Count == 0) _turns.AddLast(tenant);
            waiter = line.Waiters.AddLast(new TaskCompletionSource<Place>(TaskCreationOptions.RunContinuationsAsynchronously));
            _waiting++;
        }

        try
        {
            return await waiter.Value.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Leave(tenant, waiter);
            throw;
        }
    }

    private Line LineOf(TenantId tenant, int most)
    {
        if (!_lines.TryGetValue(tenant, out var line)) _lines[tenant] = line = new Line();
        line.Most = most;
        return line;
    }

    private Place Take(TenantId tenant, Line line)
    {
        _taken++;
        line.Taken++;
        return new Place(this, tenant);
    }

    private void Release(TenantId tenant)
    {
        lock (_lock)
        {
            var line = _lines[tenant];
            _taken--;
            line.Taken--;
            Serve();
            Forget(tenant, line);
        }
    }

    // A tenant that has its most places keeps its turn; its next one comes when it returns a place.
    private void Serve()
    {
        for (var turn = _turns.First; turn is not null && _taken < places;)
        {
            var (next, tenant) = (turn.Next, turn.Value);
            var line = _lines[tenant];
            if (line.Taken < line.Most)
            {
                var waiter = line.Waiters.First!;
                line.Waiters.RemoveFirst();
                _waiting--;
                _turns.Remove(turn);
                if (line.Waiters.Count > 0) _turns.AddLast(turn);
                next ??= line.Waiters.Count > 0 ? turn : null;
                waiter.Value.SetResult(Take(tenant, line));
            }

            turn = next;
        }
    }

    private void Leave(TenantId tenant, LinkedListNode<TaskCompletionSource<Place>> waiter)
    {
        lock (_lock)
        {
            if (waiter.List is { } waiters)
            {
                waiters.Remove(waiter);
                _waiting--;
                var line = _lines[tenant];
                if (line.Waiters.Count == 0) _turns.Remove(tenant);
                Forget(tenant, line);
                return;
            }
        }

        // The place was given at the moment of leaving, so the task has completed: a waiter leaves the list only with its place.
        waiter.Value.Task.Result.Dispose();
    }

    private void Forget(TenantId tenant, Line line)
    {
        if (line is { Taken: 0, Waiters.Count: 0 }) _lines.Remove(tenant);
    }

    /// <summary>A place, which is returned when this is disposed.</summary>
    internal sealed class Place(FairGate gate, TenantId tenant) : IDisposable
    {
        private FairGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Release(tenant);
    }

    private sealed class Line
    {
        public LinkedList<TaskCompletionSource<Place>> Waiters { get; } = [];

        public int Taken { get; set; }

        public int Most { get; set; }
    }
}
