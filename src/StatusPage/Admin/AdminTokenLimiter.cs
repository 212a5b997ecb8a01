using System.Threading.RateLimiting;
using Podflare.Http;

namespace Podflare.Admin;

/// <summary>Five wrong admin tokens per minute and client address; then every token from there is refused, so that nobody finds one by trying.</summary>
internal sealed class AdminTokenLimiter : IDisposable
{
    private const int MaxWrong = 5;

    public const int RetryAfterSeconds = 60;

    private readonly PartitionedRateLimiter<HttpContext> _wrong = PartitionedRateLimiter.Create<HttpContext, string>(static context =>
        RateLimitPartition.GetFixedWindowLimiter(ClientAddress.GetLimitKey(context), static _ => new FixedWindowRateLimiterOptions { PermitLimit = MaxWrong, Window = TimeSpan.FromSeconds(RetryAfterSeconds) }));

    /// <exception cref="RequestRejectedException">429: too many wrong tokens came from this address.</exception>
    public void ThrowIfExhausted(HttpContext context)
    {
        using var lease = _wrong.AttemptAcquire(context, 0);
        if (lease.IsAcquired) return;
        context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        throw new RequestRejectedException(429, "rate_limited", "too many wrong admin tokens came from your address; try again in a minute");
    }

    public void CountWrong(HttpContext context) => _wrong.AttemptAcquire(context).Dispose();

    public void Dispose() => _wrong.Dispose();
}
