using System.Security.Cryptography;
using System.Text;

namespace Podflare.Egress;

/// <summary>The firewall rules of the bridge: a pure function of the options.</summary>
/// <remarks>
/// What a sandbox sends to others passes the engine's chain DOCKER-USER, what it sends to the host itself only INPUT. Frames between two
/// sandboxes of the bridge pass as well, because the engine turns that on for a network without communication between its containers.
/// </remarks>
internal sealed class EgressRules
{
    public EgressRules(EgressOptions options)
    {
        var bridge = options.Network;
        var (leaving, entering, host) = ($"{bridge}-out", $"{bridge}-in", $"{bridge}-host");
        const string Refuse = "-j REJECT --reject-with icmp-admin-prohibited";
        const string Answers = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN";
        List<string> rules =
        [
            // A port that the host has published for a container is the host, whatever address it has been given by then.
            $"-A {leaving} -m conntrack --ctstate DNAT {Refuse}",
            $"-A {leaving} {Answers}",
            $"-A {leaving} -o {bridge} {Refuse}",
            .. options.DnsServers.SelectMany(server => Protocols.Select(protocol => $"-A {leaving} -d {server}/32 -p {protocol} -m {protocol} --dport 53 -j RETURN")),
            .. options.RefusedRanges.Select(range => $"-A {leaving} -d {range} {Refuse}"),
            $"-A {entering} {Answers}",
            $"-A {entering} -j DROP",
            $"-A {host} {Refuse}",
        ];
        Mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', rules))).AsSpan(0, 8));
        // Last, so that it is only there when all the others are.
        rules.Add($"-A {host} -m comment --comment {Mark} -j RETURN");
        Jumps = [$"DOCKER-USER -i {bridge} -j {leaving}", $"DOCKER-USER -o {bridge} -j {entering}", $"INPUT -i {bridge} -j {host}"];
        // Naming a chain empties it; all of it happens at once or not at all.
        Text = string.Join('\n', ["*filter", $":{leaving} - [0:0]", $":{entering} - [0:0]", $":{host} - [0:0]", .. rules, "COMMIT", ""]);
    }

    private static readonly string[] Protocols = ["udp", "tcp"];

    /// <summary>The chains, as <c>iptables-restore --noflush</c> takes them.</summary>
    public string Text { get; }

    /// <summary>Where they are entered: chain and rule.</summary>
    public IReadOnlyList<string> Jumps { get; }

    /// <summary>16 hex digits that change with the rules.</summary>
    public string Mark { get; }

    /// <summary>Whether they are in force, as <c>iptables -S</c> shows it.</summary>
    public bool AreIn(string listed)
    {
        var lines = listed.Split('\n').Select(line => line.Trim()).ToHashSet();
        return Jumps.All(jump => lines.Contains($"-A {jump}")) && lines.Any(line => line.Contains(Mark, StringComparison.Ordinal));
    }
}
