using System.Net;
using Podflare.Egress;

namespace Podflare.EgressProxy;

/// <summary>The firewall rules of both bridges.</summary>
public sealed class EgressRulesTests
{
    [Fact]
    public void Sandboxes_with_named_hosts_reach_the_ports_of_the_proxies_alone()
    {
        var options = new EgressOptions { ProxyPort = 20_000, ProxyPorts = 4 };
        var rules = EgressRules.ForNamedHosts(options, IPAddress.Parse("198.18.0.1"));
        Assert.Equal(
            ["-A podflare-n-host -d 198.18.0.1/32 -p tcp -m tcp --dport 20000:20003 -j ACCEPT"],
            Lines(rules).Where(line => line.Contains("-j ACCEPT", StringComparison.Ordinal) || (line.Contains("-j RETURN", StringComparison.Ordinal) && !line.Contains(rules.Mark, StringComparison.Ordinal))));
        Assert.Contains("-A podflare-n-out -j REJECT --reject-with icmp-admin-prohibited", Lines(rules));
        Assert.Contains("-A podflare-n-in -j DROP", Lines(rules));
        // After the proxy's, and before the mark.
        Assert.Equal("-A podflare-n-host -j REJECT --reject-with icmp-admin-prohibited", Lines(rules).Last(line => line.StartsWith("-A podflare-n-host", StringComparison.Ordinal) && !line.Contains(rules.Mark, StringComparison.Ordinal)));
        Assert.Equal(
            ["DOCKER-USER -i podflare-n -j podflare-n-out", "DOCKER-USER -o podflare-n -j podflare-n-in", "INPUT -i podflare-n -j podflare-n-host", "OUTPUT -o podflare-n -j podflare-n-ans"],
            rules.Jumps);
    }

    [Fact]
    public void Without_an_address_of_the_bridge_they_reach_nothing_and_the_rules_are_others()
    {
        var closed = EgressRules.ForNamedHosts(new EgressOptions(), null);
        Assert.DoesNotContain(Lines(closed), line => line.Contains("-j ACCEPT", StringComparison.Ordinal));
        Assert.NotEqual(closed.Mark, EgressRules.ForNamedHosts(new EgressOptions(), IPAddress.Parse("198.18.0.1")).Mark);
    }

    [Theory]
    [InlineData(256, 65_536, 2, 2)]
    [InlineData(0, 65_536, 0, 2)]
    [InlineData(256, 0, 2, 0)]
    public void Connections_and_bytes_of_both_bridges_are_limited_unless_an_option_is_zero(int connections, int rate, int connectionRules, int rateRules)
    {
        var options = new EgressOptions { MaxSandboxConnections = connections, MaxSandboxKibPerSecond = rate };
        foreach (var rules in new[] { EgressRules.ForOpen(options), EgressRules.ForNamedHosts(options, IPAddress.Parse("198.18.0.1")) })
        {
            Assert.Equal(connectionRules, Lines(rules).Count(line => line.Contains("connlimit", StringComparison.Ordinal)));
            Assert.Equal(rateRules, Lines(rules).Count(line => line.Contains("hashlimit", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Rules_are_in_force_when_all_jumps_and_the_mark_are_listed()
    {
        var rules = EgressRules.ForOpen(new EgressOptions());
        string[] listed = [.. rules.Jumps.Select(jump => $"-A {jump}"), .. Lines(rules)];
        Assert.True(rules.AreIn(string.Join('\n', listed)));
        for (var i = 0; i < rules.Jumps.Count; i++) Assert.False(rules.AreIn(string.Join('\n', listed.Where((_, index) => index != i))));
        Assert.False(rules.AreIn(string.Join('\n', listed.Where(line => !line.Contains(rules.Mark, StringComparison.Ordinal)))));
    }

    private static string[] Lines(EgressRules rules) => rules.Text.Split('\n');
}
