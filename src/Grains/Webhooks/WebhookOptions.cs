using System.ComponentModel.DataAnnotations;

namespace Podflare.Webhooks;

/// <summary>How webhooks of tenants are called. Section <c>Podflare:Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    public const string Section = "Podflare:Webhooks";

    /// <summary>Webhooks of one tenant. Default: 16.</summary>
    [Range(0, 100)]
    public int PerTenant { get; set; } = 16;

    /// <summary>Events that wait for one webhook, each for its next attempt; then later ones wait in the feed. Default: 100.</summary>
    [Range(1, 1_000)]
    public int MaxPending { get; set; } = 100;

    /// <summary>Deliveries of one webhook that are shown after their end. Default: 100.</summary>
    [Range(1, 1_000)]
    public int MaxLogged { get; set; } = 100;

    /// <summary>Calls that one process makes at the same time; one tenant gets at most half of them. Default: 8.</summary>
    [Range(1, 1_000)]
    public int AtOnce { get; set; } = 8;

    /// <summary>Time for one call, in seconds. Default: 15.</summary>
    [Range(0.1, 60)]
    public double TimeoutSeconds { get; set; } = 15;

    /// <summary>Seconds between each attempt and the previous one, separated by commas. After the last one, the webhook is disabled. Default: 0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.</summary>
    [RegularExpression(@"[0-9.]+(,[0-9.]+)*")]
    public string RetrySeconds { get; set; } = "0,5,300,1800,7200,18000,36000,50400,72000,86400";

    /// <summary>Time between two writes of what a busy webhook has done, in seconds: after a crash, calls of this time are made again. Default: 1.</summary>
    [Range(0.01, 60)]
    public double WriteSeconds { get; set; } = 1;

    /// <summary>Whether http addresses are allowed as well. Default: false.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>IP addresses that webhooks may have although they are not public, separated by commas. Default: none.</summary>
    public string AllowedAddresses { get; set; } = "";

    internal bool HasAddresses =>
        AllowedAddresses.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(address => System.Net.IPAddress.TryParse(address, out _));

    /// <exception cref="FormatException">An address is not one.</exception>
    internal WebhookCallOptions ToCallOptions() => new(AllowHttp, WebhookCallOptions.ParseAddresses(AllowedAddresses), TimeSpan.FromSeconds(TimeoutSeconds), "podflare/1");
}
