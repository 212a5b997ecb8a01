using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Podflare.Egress;

/// <summary>The firewall rules of one bridge: a pure function of the options and of the bridge's address.</summary>
/// <remarks>
/// What a sandbox sends to others passes the engine's chain DOCKER-USER, what it sends to the host itself only INPUT. Frames between two
/// sandboxes of the bridge pass as well, because the engine turns that on for a network without communication between its containers.
/// </remarks>
internal sealed class EgressRules
{
    private const string Refuse = "-j REJECT --reject-with icmp-admin-prohibited";
    private const string Answers = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN";

    // Name lookups of programs that open many connections are flows of their own.
    private const int OtherFlowsPerConnection = 4;
    private const int MinBurstKib = 256;
    private static readonly string[] Protocols = ["udp", "tcp"];

    private EgressRules(string bridge, string[] chains, IEnumerable<string> rules, string[] jumps)
    {
        List<string> all = [.. rules];
        Mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', all))).AsSpan(0, 8));
        // Last, so that it is only there when all the others are.
        all.Add($"-A {bridge}-host -m comment --comment {Mark} -j RETURN");
        Jumps = jumps;
        // Naming a chain empties it; all of it happens at once or not at all.
        Text = string.Join('\n', ["*filter", .. chains.Select(chain => $":{chain} - [0:0]"), .. all, "COMMIT", ""]);
    }

    /// <summary>The chains, as <c>iptables-restore --noflush</c> takes them.</summary>
    public string Text { get; }

    /// <summary>Where they are entered: chain and rule.</summary>
    public IReadOnlyList<string> Jumps { get; }

    /// <summary>16 hex digits that change with the rules.</summary>
    public string Mark { get; }

    /// <summary>The rules of the bridge of sandboxes that reach everything that is not refused.</summary>
    public static EgressRules ForOpen(EgressOptions options)
    {
        var bridge = options.Network;
        var (leaving, entering, host) = ($"{bridge}-out", $"{bridge}-in", $"{bridge}-host");
        return new EgressRules(
            bridge,
            [leaving, entering, host],
            [
                .. Rate(leaving, $"{bridge}-up", "srcip", options),
                // A port that the host has published for a container is the host, whatever address it has been given by then.
                $"-A {leaving} -m conntrack --ctstate DNAT {Refuse}",
                $"-A {leaving} {Answers}",
                $"-A {leaving} -o {bridge} {Refuse}",
                .. Connections(leaving, options),
                .. options.DnsServers.SelectMany(server => Protocols.Select(protocol => $"-A {leaving} -d {server}/32 -p {protocol} -m {protocol} --dport 53 -j RETURN")),
                .. options.RefusedRanges.Select(range => $"-A {leaving} -d {range} {Refuse}"),
                .. Rate(entering, $"{bridge}-down", "dstip", options),
                $"-A {entering} {Answers}",
                $"-A {entering} -j DROP",
                $"-A {host} {Refuse}",
            ],
            [$"DOCKER-USER -i {bridge} -j {leaving}", $"DOCKER-USER -o {bridge} -j {entering}", $"INPUT -i {bridge} -j {host}"]);
    }

    /// <summary>The rules of the bridge of sandboxes that reach the host's proxy alone.</summary>
    /// <param name="proxy">The host's address on the bridge; null while there is no bridge, and then they reach nothing.</param>
    public static EgressRules ForNamedHosts(EgressOptions options, IPAddress? proxy)
    {
        var bridge = options.NamedHostsNetwork;
        var (leaving, entering, host, answering) = ($"{bridge}-out", $"{bridge}-in", $"{bridge}-host", $"{bridge}-ans");
        var ports = $"{options.ProxyPort}:{options.ProxyPort + options.ProxyPorts - 1}";
        return new EgressRules(
            bridge,
            [leaving, entering, host, answering],
            [
                $"-A {leaving} {Refuse}",
                $"-A {entering} -j DROP",
                .. Rate(host, $"{bridge}-up", "srcip", options),
                .. Connections(host, options),
                // Accepted here, because the host's own rules need not know of it.
                .. proxy is null ? Array.Empty<string>() : [$"-A {host} -d {proxy}/32 -p tcp -m tcp --dport {ports} -j ACCEPT"],
                $"-A {host} {Refuse}",
                .. Rate(answering, $"{bridge}-down", "dstip", options),
            ],
            [
                $"DOCKER-USER -i {bridge} -j {leaving}", $"DOCKER-USER -o {bridge} -j {entering}", $"INPUT -i {bridge} -j {host}",
                $"OUTPUT -o {bridge} -j {answering}",
            ]);
    }

    /// <summary>Whether they are in force, as <c>iptables -S</c> shows it.</summary>
    public bool AreIn(string listed)
    {
        var lines = listed.Split('\n').Select(line => line.Trim()).ToHashSet();
        return Jumps.All(jump => lines.Contains($"-A {jump}")) && lines.Any(line => line.Contains(Mark, StringComparison.Ordinal));
    }

    // Dropped, not refused: TCP then sends more slowly. Segments come in pieces of up to 64 KiB here, which must fit into the burst.
    private static IEnumerable<string> Rate(string chain, string name, string mode, EgressOptions options)
    {
        if (options.MaxSandboxKibPerSecond is not (> 0 and var rate)) return [];
        return [$"-A {chain} -m hashlimit --hashlimit-above {rate}kb/s --hashlimit-burst {(2 * rate) + MinBurstKib}kb --hashlimit-mode {mode} --hashlimit-name {name} -j DROP"];
    }

    private static IEnumerable<string> Connections(string chain, EgressOptions options)
    {
        if (options.MaxSandboxConnections is not (> 0 and var most)) return [];
        const string New = "-m conntrack --ctstate NEW -m connlimit";
        const string EachSandbox = "--connlimit-mask 32 --connlimit-saddr";
        return
        [
            $"-A {chain} -p tcp {New} --connlimit-above {most} {EachSandbox} {Refuse}",
            $"-A {chain} ! -p tcp {New} --connlimit-above {most * OtherFlowsPerConnection} {EachSandbox} {Refuse}",
        ];
    }
}
