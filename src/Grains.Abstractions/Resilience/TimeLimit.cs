namespace Podflare.Resilience;

/// <summary>The time that one piece of work may take. Its token is cancelled when the time is over, or when the caller gives up before.</summary>
public sealed class TimeLimit : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;
    private readonly long _start;
    private readonly TimeSpan _limit;

    /// <param name="caller">Cancelled when the caller gives up.</param>
    public TimeLimit(TimeSpan limit, TimeProvider time, CancellationToken caller = default)
    {
        (_limit, Time, Caller, _start) = (limit, time, caller, time.GetTimestamp());
        _source = new CancellationTokenSource(limit, time);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Cancelled when the time is over or the caller gives up.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Cancelled when the caller gives up.</summary>
    public CancellationToken Caller { get; }

    public TimeProvider Time { get; }

    /// <summary>What is left of the time; zero when it is over.</summary>
    public TimeSpan Remaining => _limit - Time.GetElapsedTime(_start) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>The time is over, and the caller has not given up.</summary>
    public bool IsExceeded => _source.IsCancellationRequested && !Caller.IsCancellationRequested;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
