namespace Podflare;

/// <summary>The timeout of one attempt, linked to the caller's cancellation.</summary>
internal sealed class Attempt : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    public Attempt(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        (_timeout, _caller) = (timeout, caller);
        _source = new CancellationTokenSource(timeout, time);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether the timeout has elapsed while the caller is still waiting.</summary>
    public bool TimedOut => _source.IsCancellationRequested && !_caller.IsCancellationRequested;

    public void ResetTimeout() => _source.CancelAfter(_timeout);

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
