namespace Podflare.Harness;

/// <summary>A fault that was planned with <see cref="FaultPlan{TOperation}"/>. Disposing it ends it and lets go of the calls that it holds.</summary>
public sealed class Fault : IDisposable
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hits;

    internal Fault(FaultKind kind, int times, Func<string, bool>? about, Func<Exception> error)
    {
        (Kind, About, Error, Left) = (kind, about, error, times);
    }

    /// <summary>Completes when the first call has met the fault.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Calls that have met the fault.</summary>
    public int Hits => Volatile.Read(ref _hits);

    internal FaultKind Kind { get; }

    internal Func<string, bool>? About { get; }

    internal Func<Exception> Error { get; }

    internal int Left { get; set; }

    internal Task Released => _released.Task;

    internal bool IsOver => _released.Task.IsCompleted;

    public void Dispose()
    {
        Left = 0;
        _released.TrySetResult();
    }

    internal void Hit()
    {
        Interlocked.Increment(ref _hits);
        _reached.TrySetResult();
    }
}

internal enum FaultKind
{
    /// <summary>Nothing is done, and the call fails.</summary>
    Fail,

    /// <summary>It is done, and the call fails.</summary>
    LoseAnswer,

    /// <summary>Nothing is done until the fault is disposed.</summary>
    Hold,

    /// <summary>It is done at once, and answered when the fault is disposed.</summary>
    HoldAnswer,
}
