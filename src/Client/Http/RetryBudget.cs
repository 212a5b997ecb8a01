namespace Podflare;

/// <summary>Counts repeats and chooses the pauses between them.</summary>
internal sealed class RetryBudget(int limit, PodflareClientOptions options, TimeProvider time)
{
    // So that those who were sent away together do not come back together.
    private const double RetryAfterSpread = 0.25;
    private int _used;

    public void Reset() => _used = 0;

    /// <summary>Waits for the next attempt's time.</summary>
    /// <returns>False when there is none left, or the server asks for more patience than the options allow.</returns>
    public async Task<bool> TryWaitAsync(PodflareException failure, CancellationToken cancellationToken)
    {
        var retryAfter = (failure as PodflareApiException)?.RetryAfter;
        if (_used >= limit || retryAfter > options.MaxRetryAfter) return false;
        await Task.Delay(Pause(_used++, retryAfter, Random.Shared.NextDouble()), time, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Half of the pause is fixed, half drawn; never shorter than the server asks.</summary>
    internal TimeSpan Pause(int used, TimeSpan? retryAfter, double chance)
    {
        // 2^16 times the shortest pause is beyond every maximum.
        var full = Math.Min(options.MaxRetryDelay.TotalMilliseconds, options.RetryDelay.TotalMilliseconds * (1 << Math.Min(used, 16)));
        var own = TimeSpan.FromMilliseconds(full * (1 + chance) / 2);
        var asked = retryAfter is { } wish ? wish * (1 + RetryAfterSpread * chance) : TimeSpan.Zero;
        return own > asked ? own : asked;
    }
}
