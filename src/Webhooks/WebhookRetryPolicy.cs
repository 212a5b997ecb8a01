namespace Podflare.Webhooks;

/// <summary>Maps responses to results and results to the next attempt.</summary>
public static class WebhookRetryPolicy
{
    private static readonly TimeSpan DefaultPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromDays(1);

    /// <summary>Returns what a status code means. Redirects are failures: they are not followed.</summary>
    public static WebhookResult Classify(int status) => status switch
    {
        >= 200 and < 300 => WebhookResult.Success,
        410 => WebhookResult.Gone,
        429 or 502 or 504 => WebhookResult.SlowDown,
        _ => WebhookResult.Failure,
    };

    /// <summary>Returns the time of the next attempt, or null if there are no more.</summary>
    /// <param name="jitter">From 0 to 1; extends the delay by up to a tenth, so that receivers that failed together are not called at the same time again.</param>
    public static DateTimeOffset? NextAttempt(IReadOnlyList<double> schedule, int attempts, DateTimeOffset now, double jitter) =>
        attempts >= schedule.Count ? null : now + TimeSpan.FromSeconds(schedule[attempts] * (1 + (jitter / 10)));

    /// <summary>Returns how long a receiver that asked for fewer calls gets none: a minute unless it says so itself, at most a day.</summary>
    public static TimeSpan ClampRetryAfter(TimeSpan? retryAfter) => retryAfter is not { } pause || pause < TimeSpan.Zero ? DefaultPause : pause > MaxPause ? MaxPause : pause;
}
