namespace Podflare;

/// <summary>The time limit of one attempt, which also ends when the caller cancels.</summary>
internal sealed class Attempt : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _cancelled;

    public Attempt(TimeSpan limit, TimeProvider time, CancellationToken caller)
    {
        (_limit, _caller) = (limit, caller);
        _source = new CancellationTokenSource(limit, time);
        _cancelled = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The time is over; the caller still waits.</summary>
    public bool Passed => _source.IsCancellationRequested && !_caller.IsCancellationRequested;

    public void Restart() => _source.CancelAfter(_limit);

    public void Dispose()
    {
        _cancelled.Dispose();
        _source.Dispose();
    }
}
