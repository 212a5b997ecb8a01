namespace Podflare.Resilience;

/// <summary>The waits between the attempts of one repeated piece of work: each is twice as long as the one before, up to a maximum.</summary>
/// <param name="first">The first wait.</param>
/// <param name="longest">No wait is longer.</param>
public sealed class Backoff(TimeSpan first, TimeSpan longest, TimeProvider time)
{
    private TimeSpan? _next;

    /// <summary>The wait before the next attempt. Each call doubles the one after it.</summary>
    public TimeSpan Next()
    {
        var now = _next ?? first;
        _next = now * 2 < longest ? now * 2 : longest;
        return now;
    }

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);

    /// <summary>An attempt succeeded: the next wait is the first one again.</summary>
    public void Reset() => _next = null;
}
