namespace Podflare;

/// <summary>Counts retries and chooses the pauses between them.</summary>
/// <param name="report">Called before each pause with its length and the number of the retry that follows.</param>
internal sealed class RetryBudget(int limit, PodflareClientOptions options, TimeProvider time, Action<PodflareException, TimeSpan, int>? report = null)
{
    // Clients that were rejected together should not return together.
    private const double RetryAfterSpread = 0.25;
    private int _used;

    public void Reset() => _used = 0;

    /// <summary>Waits until the next attempt is due.</summary>
    /// <returns>False if no attempt is left, or if the server asks for a longer pause than the options allow.</returns>
    public async Task<bool> TryWaitAsync(PodflareException failure, CancellationToken cancellationToken)
    {
        var retryAfter = (failure as PodflareApiException)?.RetryAfter;
        if (_used >= limit || retryAfter > options.MaxRetryAfter) return false;
        var pause = Pause(_used++, retryAfter, Random.Shared.NextDouble());
        report?.Invoke(failure, pause, _used);
        await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Half of the pause is fixed and half is random. It is never shorter than the server asks for.</summary>
    internal TimeSpan Pause(int used, TimeSpan? retryAfter, double chance)
    {
        // 2^16 times the shortest pause exceeds every maximum.
        var full = Math.Min(options.MaxRetryDelay.TotalMilliseconds, options.RetryDelay.TotalMilliseconds * (1 << Math.Min(used, 16)));
        var own = TimeSpan.FromMilliseconds(full * (1 + chance) / 2);
        var asked = retryAfter is { } wish ? wish * (1 + RetryAfterSpread * chance) : TimeSpan.Zero;
        return own > asked ? own : asked;
    }
}
