namespace Podflare.Subscribers;

internal enum WebhookEnd
{
    Success,
    Failure,

    /// <summary>410: the receiver wants nothing any more.</summary>
    Gone,

    /// <summary>429, 502 or 504: everything for this receiver waits.</summary>
    SlowDown,
}

/// <summary>What an answer means. Pure.</summary>
internal static class WebhookVerdict
{
    private static readonly TimeSpan DefaultPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromDays(1);

    public static WebhookEnd Of(int status) => status switch
    {
        >= 200 and < 300 => WebhookEnd.Success,
        410 => WebhookEnd.Gone,
        429 or 502 or 504 => WebhookEnd.SlowDown,
        _ => WebhookEnd.Failure,
    };

    /// <summary>When to try again after <paramref name="attempts"/> attempts; null when that was the last.</summary>
    /// <param name="jitter">From 0 to 1: up to a tenth longer, so that receivers that failed together are not called together.</param>
    public static DateTimeOffset? Next(IReadOnlyList<double> schedule, int attempts, DateTimeOffset now, double jitter) =>
        attempts >= schedule.Count ? null : now + TimeSpan.FromSeconds(schedule[attempts] * (1 + (jitter / 10)));

    public static TimeSpan Pause(TimeSpan? retryAfter) => retryAfter is not { } pause || pause < TimeSpan.Zero ? DefaultPause : pause > MaxPause ? MaxPause : pause;
}
