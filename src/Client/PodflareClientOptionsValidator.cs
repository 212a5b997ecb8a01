using Microsoft.Extensions.Options;

namespace Podflare;

/// <summary>Reports all invalid options at once.</summary>
internal sealed class PodflareClientOptionsValidator : IValidateOptions<PodflareClientOptions>
{
    private const int MaxKey = 512;

    public ValidateOptionsResult Validate(string? name, PodflareClientOptions options)
    {
        var errors = Check(options).ToArray();
        return errors.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    public static void Ensure(PodflareClientOptions options)
    {
        if (Check(options).ToArray() is { Length: > 0 } errors) throw new ArgumentException(string.Join(" ", errors), nameof(options));
    }

    private static IEnumerable<string> Check(PodflareClientOptions o)
    {
        if (o.BaseAddress is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https") || url.Query.Length + url.Fragment.Length + url.UserInfo.Length > 0))
            yield return $"{nameof(o.BaseAddress)} must be an absolute http or https address without query, fragment and user info.";
        // The message never contains the key, because it may be logged.
        if (o.ApiKey is { } key && (key.Length > MaxKey || key.Any(c => c is <= ' ' or > '~')))
            yield return $"{nameof(o.ApiKey)} must be at most {MaxKey} visible ASCII characters.";
        if (o.TraceParent is { } trace && !TraceParent.TryParse(trace, out _)) yield return $"{nameof(o.TraceParent)} must be a valid W3C traceparent.";
        foreach (var (what, value, low, high) in new[]
        {
            (nameof(o.ConnectTimeout), o.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
            (nameof(o.AnswerTimeout), o.AnswerTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            (nameof(o.HeartbeatInterval), o.HeartbeatInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(o.SilenceLimit), o.SilenceLimit, TimeSpan.FromSeconds(1), TimeSpan.FromHours(2)),
            (nameof(o.RetryDelay), o.RetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)),
            (nameof(o.MaxRetryDelay), o.MaxRetryDelay, o.RetryDelay, TimeSpan.FromMinutes(10)),
            (nameof(o.MaxRetryAfter), o.MaxRetryAfter, TimeSpan.Zero, TimeSpan.FromHours(1)),
            (nameof(o.InterruptTimeout), o.InterruptTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(1)),
        })
        {
            if (value < low || value > high) yield return $"{what} must be between {low} and {high}.";
        }

        foreach (var (what, value, low, high) in new[]
        {
            (nameof(o.MaxRetries), o.MaxRetries, 0, 100),
            (nameof(o.MaxResumes), o.MaxResumes, 0, 1_000),
            (nameof(o.MaxEventBytes), o.MaxEventBytes, 512 * 1024, 256 * 1024 * 1024),
            (nameof(o.MaxResultCharacters), o.MaxResultCharacters, 0, 1024 * 1024 * 1024),
        })
        {
            if (value < low || value > high) yield return $"{what} must be between {low} and {high}.";
        }

        if (o.SilenceLimit <= o.HeartbeatInterval) yield return $"{nameof(o.SilenceLimit)} must be longer than {nameof(o.HeartbeatInterval)}.";
    }
}
