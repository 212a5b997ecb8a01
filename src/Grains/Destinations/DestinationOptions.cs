using System.ComponentModel.DataAnnotations;
using Podflare.Webhooks;

namespace Podflare.Destinations;

/// <summary>Where tenants' own telemetry goes (<c>PUT /v1/telemetry</c>). Section <c>Podflare:Destinations</c>.</summary>
public sealed class DestinationOptions
{
    public const string Section = "Podflare:Destinations";

    /// <summary>Bytes that wait for one destination in one process; more is dropped and counted. Default: 4 MiB.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int QueueBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Time for one request to a destination, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double TimeoutSeconds { get; set; } = 10;

    /// <summary>Time after which data that a destination does not take is dropped and counted, in seconds. Default: 60.</summary>
    [Range(0, 3_600)]
    public double RetrySeconds { get; set; } = 60;

    /// <summary>Destinations that one process sends to; what belongs to others is dropped and counted. Default: 256.</summary>
    [Range(1, 100_000)]
    public int Max { get; set; } = 256;

    /// <summary>Time after which a worker reads a destination that it uses again, in seconds. Workers are notified of changes immediately. Default: 30.</summary>
    [Range(1, 3_600)]
    public double RefreshSeconds { get; set; } = 30;

    /// <summary>Runs that have ended and wait for their spans to be made, in one process; of more, no spans are sent, which is counted. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int MaxPendingRuns { get; set; } = 10_000;

    /// <summary>Spans of calls that have ended and wait to be sent, in one process; more are dropped and counted. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int MaxPendingCalls { get; set; } = 10_000;

    /// <summary>Whether http addresses are allowed as well. Default: false.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>IP addresses that destinations may have although they are not public, separated by commas. Default: none.</summary>
    public string AllowedAddresses { get; set; } = "";

    internal bool HasAddresses =>
        AllowedAddresses.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(address => System.Net.IPAddress.TryParse(address, out _));

    /// <exception cref="FormatException">An address is not one.</exception>
    internal AddressGuard ToGuard() => new(new WebhookCallOptions(AllowHttp, WebhookCallOptions.ParseAddresses(AllowedAddresses), TimeSpan.FromSeconds(TimeoutSeconds), "podflare/1"));
}
