namespace Podflare.Hosts;

/// <summary>The containers that a host takes, and the bounded line of claims that wait for one to become free. First come, first served.</summary>
/// <remarks>Used on its grain's scheduler only.</remarks>
public sealed class ContainerSlots(int slots, int maxWaiting, TimeProvider time)
{
    private readonly LinkedList<TaskCompletionSource> _line = [];

    /// <summary>Slots in use.</summary>
    public int Used { get; private set; }

    /// <summary>Takes a slot for a container that is there already, over the limit if need be.</summary>
    public void Occupy() => Used++;

    /// <exception cref="NoCapacityException">No slot within <paramref name="wait"/>, or the line is full.</exception>
    public async Task TakeAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (Used < slots)
        {
            Used++;
            return;
        }

        if (wait <= TimeSpan.Zero || _line.Count >= maxWaiting) throw new NoCapacityException();
        var turn = _line.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await turn.Value.Task.WaitAsync(wait, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The slot may have been handed over while we gave up: then it goes to the next in line.
            if (turn.List is null) Release();
            else _line.Remove(turn);
            if (e is OperationCanceledException) throw;
            throw new NoCapacityException();
        }
    }

    /// <summary>Gives a slot back: to the first in line, if there is one.</summary>
    public void Release()
    {
        if (_line.First is { } first && Used <= slots)
        {
            _line.RemoveFirst();
            first.Value.TrySetResult();
            return;
        }

        Used--;
    }
}
