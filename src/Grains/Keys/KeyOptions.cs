using System.ComponentModel.DataAnnotations;

namespace Podflare.Keys;

/// <summary>API keys. Section <c>Podflare:Keys</c>.</summary>
public sealed class KeyOptions
{
    public const string Section = "Podflare:Keys";

    /// <summary>Wrong keys that one client address may send at once; more get 429 <c>rate_limited</c> instead of 401. Right keys from the same address work. Default: 50.</summary>
    [Range(1, 1_000_000)]
    public int WrongBurst { get; set; } = 50;

    /// <summary>Wrong keys per second that one client address may send after <see cref="WrongBurst"/>. Default: 10.</summary>
    [Range(1, 1_000_000)]
    public int WrongPerSecond { get; set; } = 10;

    /// <summary>
    /// Time for which a server without contact to the grains of tenants accepts the keys that it knows, in seconds; then every request gets 503. Default: 60.
    /// </summary>
    [Range(5, 86_400)]
    public double MaxStaleSeconds { get; set; } = 60;

    /// <summary>Keys of one tenant that have not ended; one more gets 429 <c>key_quota_exceeded</c>. As many that have ended are remembered. Default: 200.</summary>
    [Range(1, 10_000)]
    public int MaxPerTenant { get; set; } = 200;
}
