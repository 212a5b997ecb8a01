using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace Podflare.Egress;

/// <summary>The way out of sandboxes that have one: a bridge of our own, with rules. Section <c>Podflare:Egress</c>.</summary>
/// <remarks>Whether sandboxes may have one is <c>Podflare:Create:OfferEgress</c> and the template's <c>Egress</c>.</remarks>
public sealed class EgressOptions
{
    public const string Section = "Podflare:Egress";

    /// <summary>
    /// "This" network, private, shared (RFC 6598), loopback, link-local with the metadata services of clouds, protocol assignments, benchmarks,
    /// multicast, reserved and broadcast.
    /// </summary>
    public const string NotPublic =
        "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.168.0.0/16,198.18.0.0/15,224.0.0.0/4,240.0.0.0/4";

    /// <summary>Name of the engine's network, of its bridge and of the chains of rules, 2 to 11 of a-z and 0-9. One for all clusters of a host. Default: <c>podflare</c>.</summary>
    [Required, RegularExpression("^[a-z][a-z0-9]{1,10}$")]
    public string Network { get; set; } = "podflare";

    /// <summary>Addresses of that network, such as <c>172.30.0.0/16</c>. Default: the engine chooses.</summary>
    public string? Subnet { get; set; }

    /// <summary>Ranges that no sandbox reaches, separated by commas. The host itself and other sandboxes are always refused. Default: all that are not public.</summary>
    [Required, MaxLength(4096)]
    public string Refused { get; set; } = NotPublic;

    /// <summary>Addresses of the network of sandboxes that reach named hosts alone, such as <c>172.31.0.0/16</c>. Its name is that of the first with <c>-n</c>. Default: the engine chooses.</summary>
    public string? NamedHostsSubnet { get; set; }

    /// <summary>The first port of the proxies for named hosts, on that network's side of this host. Each worker uses one port. Default: 18443.</summary>
    [Range(1024, 65_000)]
    public int ProxyPort { get; set; } = 18_443;

    /// <summary>How many ports there are for proxies: as many workers can share this host. Default: 16.</summary>
    [Range(1, 500)]
    public int ProxyPorts { get; set; } = 16;

    /// <summary>User and group id of the proxy, which needs no privileges. Default: 65533.</summary>
    [Range(1, int.MaxValue)]
    public int ProxyUser { get; set; } = 65_533;

    /// <summary>Time for the proxy to start, and for each command to it, in seconds. Default: 10.</summary>
    [Range(1, 120)]
    public double ProxySeconds { get; set; } = 10;

    /// <summary>Open TCP connections of one sandbox; four times as many flows of other protocols are allowed. 0 for no limit. Default: 256.</summary>
    [Range(0, 65_536)]
    public int MaxSandboxConnections { get; set; } = 256;

    /// <summary>Transfer rate of one sandbox in each direction, in KiB per second. 0 for no limit. Default: 65536 (64 MiB/s).</summary>
    [Range(0, 1024 * 1024)]
    public int MaxSandboxKibPerSecond { get; set; } = 65_536;

    /// <summary>Name servers of these sandboxes, separated by commas; port 53 of them is open also in a refused range. Default: the engine's own choice.</summary>
    [MaxLength(256)]
    public string Dns { get; set; } = "";

    /// <summary>The program that loads the rules; <c>-restore</c> after it is the second one. Default: <c>iptables</c>.</summary>
    [Required, MaxLength(255)]
    public string Iptables { get; set; } = "iptables";

    /// <summary>Time for one call of it, in seconds. Default: 10.</summary>
    [Range(0.1, 120)]
    public double LoadSeconds { get; set; } = 10;

    internal string NamedHostsNetwork => $"{Network}-n";

    internal IReadOnlyList<string> RefusedRanges => Split(Refused);

    internal IReadOnlyList<string> DnsServers => Split(Dns);

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

[OptionsValidator]
internal sealed partial class EgressShapeValidator : IValidateOptions<EgressOptions>;

/// <summary>Names every range and address that is none.</summary>
internal sealed class EgressOptionsValidator : IValidateOptions<EgressOptions>
{
    public ValidateOptionsResult Validate(string? name, EgressOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        result.AddResult(new EgressShapeValidator().Validate(name, options));
        foreach (var range in options.RefusedRanges.Where(range => !IsRange(range)))
            result.AddError($"{EgressOptions.Section}:Refused: {range} is no range of IPv4 addresses such as 10.0.0.0/8.");
        foreach (var server in options.DnsServers.Where(server => !IPAddress.TryParse(server, out var address) || address.ToString() != server))
            result.AddError($"{EgressOptions.Section}:Dns: {server} is no address.");
        if (options.Subnet is { } subnet && !IsRange(subnet)) result.AddError($"{EgressOptions.Section}:Subnet: {subnet} is no range of IPv4 addresses.");
        if (options.NamedHostsSubnet is { } named && !IsRange(named)) result.AddError($"{EgressOptions.Section}:NamedHostsSubnet: {named} is no range of IPv4 addresses.");
        return result.Build();
    }

    // As it would be printed: the firewall would cut bits below the prefix off silently.
    private static bool IsRange(string text) =>
        IPNetwork.TryParse(text, out var range) && range.ToString() == text && range.BaseAddress.AddressFamily is System.Net.Sockets.AddressFamily.InterNetwork;
}
