using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool.NamedHosts;

/// <summary>Attempts of sandboxes to reach what is not on their list. No packet leaves this machine.</summary>
[Collection(nameof(PublicHost))]
public sealed class NamedHostsTests(NamedHostsWorld world) : IClassFixture<NamedHostsWorld>
{
    private const int HostPort = 8098;
    private const string NotPublic = "Tunnel connection failed: 403 the name has no public address\n";

    [Fact(Timeout = 120_000)]
    public async Task Listed_hosts_are_reached_and_no_others()
    {
        Assert.Equal("hello allowed.test\n", await world.RunAsync(world.First, "print(get('allowed.test'))"));
        Assert.Equal("hello a.pkg.test\n", await world.RunAsync(world.First, "print(get('a.pkg.test'))"));
        Assert.Equal("hello mixed.pkg.test\n", await world.RunAsync(world.First, "print(get('mixed.pkg.test'))"));
        Assert.Equal("Tunnel connection failed: 403 other.test is not on the egress list of this sandbox\n", await world.RunAsync(world.First, "print(get('other.test'))"));
        Assert.DoesNotContain("query other.test", await world.Host.LinesAsync());
        Assert.Equal("hello other.test\n", await world.RunAsync(world.Second, "print(get('other.test'))"));
        Assert.Equal("Tunnel connection failed: 403 allowed.test is not on the egress list of this sandbox\n", await world.RunAsync(world.Second, "print(get('allowed.test'))"));

        using var json = JsonDocument.Parse(await world.Service.Api.Http.GetStringAsync($"/v1/sandboxes/{world.First}", TestContext.Current.CancellationToken));
        Assert.True(json.RootElement.GetProperty("egress").GetBoolean());
        Assert.Equal(["allowed.test", "*.pkg.test"], json.RootElement.GetProperty("egress_allow").EnumerateArray().Select(host => host.GetString()!));
        // bash and its children have the variables too.
        Assert.Equal("2\n", (await world.Service.Api.RunAsync(world.First, "env | grep -ci '^https_proxy=http://198.18.79.1:'", "bash")).Stdout);
    }

    [Fact(Timeout = 120_000)]
    public async Task Inner_addresses_are_refused()
    {
        using var anywhere = new TcpListener(IPAddress.Any, HostPort);
        using var own = new TcpListener(IPAddress.Parse(PublicHost.OwnAddress), 443);
        anywhere.Start();
        own.Start();
        foreach (var name in new[] { "own", "bridge", "loopback", "private", "metadata", "shared" })
            Assert.Equal(NotPublic, await world.RunAsync(world.First, $"print(get('{name}.pkg.test'))"));

        foreach (var (address, port) in new[]
        {
            (PublicHost.Address, 443), (PublicHost.Address, PublicHost.PlainPort), (PublicHost.OwnAddress, HostPort), (PublicHost.OwnAddress, 443),
            (NamedHostsWorld.Bridge, HostPort), ("169.254.169.254", 80),
        })
            Assert.Equal((address, port, "refused\n"), (address, port, await world.RunAsync(world.First, $"print(reach('{address}', {port}))")));

        Assert.False(anywhere.Pending());
        Assert.False(own.Pending());
        Assert.DoesNotContain(await world.Host.LinesAsync(), line => line.StartsWith("plain", StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_name_that_changes_its_address_gains_nothing()
    {
        // Public when the proxy looks it up. A second lookup, for the connection, would give an inner address.
        Assert.Equal("hello rebind.pkg.test\n", await world.RunAsync(world.First, "print(get('rebind.pkg.test'))"));
        Assert.Single(await world.Host.LinesAsync(), line => line == "query rebind.pkg.test");
        Assert.Equal(NotPublic, await world.RunAsync(world.First, "print(get('rebind.pkg.test'))"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Another_server_name_is_refused_before_the_host_is_dialed()
    {
        const string Code = """
            OTHER = ssl.create_default_context(cafile='/root/ca.pem')
            OTHER.check_hostname = False
            for name in ('other.test', 'allowed.test.other.test', None):
                with proxy('CONNECT allowed.test:443 HTTP/1.1\r\n\r\n') as s:
                    assert b' 200 ' in s.recv(500)
                    try: OTHER.wrap_socket(s, server_hostname=name); print('connected')
                    except ssl.SSLError as e: print('unrecognized name' in str(e).lower() or e)
            with proxy('CONNECT allowed.test:443 HTTP/1.1\r\n\r\n') as s:
                assert b' 200 ' in s.recv(500)
                s.sendall(b'GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n')
                print(s.recv(500))
            """;
        var before = (await world.Host.LinesAsync()).Count(line => line.StartsWith("tls", StringComparison.Ordinal));
        Assert.Equal("True\nTrue\nTrue\nb''\n", (await world.RunAsync(world.First, Code)).Replace("TLSV1_UNRECOGNIZED_NAME", "unrecognized name", StringComparison.Ordinal));
        Assert.Equal(before, (await world.Host.LinesAsync()).Count(line => line.StartsWith("tls", StringComparison.Ordinal)));
    }

    [Fact(Timeout = 120_000)]
    public async Task IPv6_is_refused()
    {
        foreach (var name in new[] { "mapped", "nat64", "local6", "sixtofour" }) Assert.Equal(NotPublic, await world.RunAsync(world.First, $"print(get('{name}.pkg.test'))"));
        const string Code = """
            for address in ('::ffff:21.43.65.2', '::ffff:198.18.79.1', 'fe80::1', '64:ff9b::152b:4102'):
                try: socket.create_connection((address, 443), 2); print(address, 'open')
                except OSError: print('refused')
            """;
        Assert.Equal("refused\nrefused\nrefused\nrefused\n", await world.RunAsync(world.First, Code));
        Assert.Equal("Tunnel connection failed: 403 only host names are allowed, no addresses\n", await world.RunAsync(world.First, "print(get('[2001:db8::1]'))"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Nothing_can_be_looked_up()
    {
        // Captures every packet of this machine that has the token, and prints where.
        const string Sniffer = """
            import socket, sys
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            print('ready', flush=True)
            while True:
                data, address = s.recvfrom(65536)
                if sys.argv[1].encode() in data: print(address[0], flush=True)
            """;
        var token = $"leak{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        using var sniffer = Process.Start(new ProcessStartInfo("python3", ["-c", Sniffer, token]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("ready", await sniffer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            // The request that brings the code must not have the token itself.
            var code = $"""
                import time
                TOKEN = ''.join(reversed('{string.Concat(token.Reverse())}'))
                began = time.monotonic()
                try: print(socket.getaddrinfo(TOKEN + '.test', 443))
                except OSError as e: print(time.monotonic() - began < 2)
                query = bytes.fromhex('abcd01000001000000000000') + bytes([len(TOKEN)]) + TOKEN.encode() + b'\4test\0\0\1\0\1'
                for server in ('127.0.0.11', '198.18.79.1', '21.43.65.1', '21.43.65.2'):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                        s.settimeout(1)
                        s.sendto(query, (server, 53))
                        try: print(server, s.recv(500))
                        except OSError: print('nothing')
                print(reach('21.43.65.2', 53), reach('198.18.79.1', 53))
                """;
            Assert.Equal("True\nnothing\nnothing\nnothing\nnothing\nrefused refused\n", await world.RunAsync(world.First, code));
        }
        finally
        {
            sniffer.Kill();
        }

        // Its own attempts, on its own wire, and nothing beyond it: neither by the engine's resolver nor by the proxy.
        var seen = (await sniffer.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        Assert.NotEmpty(seen);
        Assert.All(seen, name => Assert.True(name == world.Network || (name.StartsWith("veth", StringComparison.Ordinal)), name));
        Assert.DoesNotContain(await world.Host.LinesAsync(), line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact(Timeout = 120_000)]
    public async Task Addresses_other_ports_and_other_methods_are_refused()
    {
        const string Code = """
            for head in ('CONNECT 21.43.65.2:443', 'CONNECT 358301954:443', 'CONNECT [::ffff:21.43.65.2]:443', 'CONNECT allowed.test:22', 'CONNECT allowed.test:80', 'GET http://allowed.test/', 'CONNECT allowed.test:443 x'):
                print(status(head + ' HTTP/1.1\r\n\r\n').split()[1])
            """;
        Assert.Equal("403\n403\n403\n403\n403\n405\n400\n", await world.RunAsync(world.First, Code));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_neighbour_is_neither_reached_nor_impersonated()
    {
        var neighbour = await Engine.InspectAsync(world.Second, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
        await world.RunAsync(world.Second, "LISTENER = socket.create_server(('', 8097))");
        Assert.Equal("open\n", await world.RunAsync(world.Second, $"print(reach('{neighbour}', 8097))"));
        Assert.Equal("refused\n", await world.RunAsync(world.First, $"print(reach('{neighbour}', 8097))"));
        var code = $"""
            def attempt(do):
                try: do(); print('done')
                except OSError: print('refused')
            attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
            attempt(lambda: socket.socket().bind(('{neighbour}', 0)))
            attempt(lambda: socket.create_connection((HOST, int(PORT)), 3, source_address=('{neighbour}', 0)))
            """;
        Assert.Equal("refused\nrefused\nrefused\nrefused\n", await world.RunAsync(world.First, code));
    }

    [Fact(Timeout = 120_000)]
    public async Task Connections_of_a_sandbox_are_limited_by_the_proxy_and_by_the_firewall()
    {
        var sandbox = await world.CreateAsync(world.Service, "allowed.test");
        const string Code = """
            held, answers = [], []
            for _ in range(60):
                try: held.append(socket.create_connection((HOST, int(PORT)), 2))
                except OSError: answers.append('refused')
            import collections, select, time
            until, answered = time.monotonic() + 5, []
            while len(answered) < 24 and time.monotonic() < until: answered = select.select(held, [], [], 0.2)[0]
            answers += [s.recv(500).decode().split(' ')[1] if s in answered else 'open' for s in held]
            # After 10 s the proxy gives up one on which no request came.
            answers = ['open' if answer == '400' else answer for answer in answers]
            print(sorted(collections.Counter(answers).items()))
            for s in held: s.close()
            """;
        const int Refused = 60 - NamedHostsWorld.FirewallConnections;
        const int TooMany = NamedHostsWorld.FirewallConnections - NamedHostsWorld.ProxyConnections;
        Assert.Equal($"[('429', {TooMany}), ('open', {NamedHostsWorld.ProxyConnections}), ('refused', {Refused})]\n", await world.RunAsync(sandbox, Code));
        await Until.TrueAsync(async () => await world.RunAsync(sandbox, "print(get('allowed.test'))") == "hello allowed.test\n", TimeSpan.FromSeconds(20), "there is room again");
        await world.Service.Api.DeleteAsync(sandbox);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_proxy_has_no_privileges_and_is_started_again()
    {
        var proxy = Assert.Single(await NamedHostsWorld.ProxiesAsync(world.Service.ProcessId));
        var status = await File.ReadAllTextAsync($"/proc/{proxy}/status", TestContext.Current.CancellationToken);
        Assert.Contains("Uid:\t65533\t65533\t65533\t65533", status, StringComparison.Ordinal);
        Assert.Contains("Gid:\t65533\t65533\t65533\t65533", status, StringComparison.Ordinal);
        Assert.Matches("Groups:\\s*\n", status);
        Assert.Contains("CapPrm:\t0000000000000000", status, StringComparison.Ordinal);
        Assert.Contains("CapEff:\t0000000000000000", status, StringComparison.Ordinal);
        Assert.Equal("DOTNET_EnableDiagnostics=0\0", await File.ReadAllTextAsync($"/proc/{proxy}/environ", TestContext.Current.CancellationToken));
        Assert.Equal("600 0", (await Script.RunAsync("stat", "-c", "%a %u", Path.Combine(world.Service.Folder, "egress", "control"))).Trim());

        await Script.RunAsync("kill", "-KILL", proxy.ToString(CultureInfo.InvariantCulture));
        await Until.TrueAsync(async () => await world.RunAsync(world.First, "print(get('allowed.test'))") == "hello allowed.test\n", TimeSpan.FromSeconds(30), "the proxy knows the list again");
        Assert.NotEqual(proxy, Assert.Single(await NamedHostsWorld.ProxiesAsync(world.Service.ProcessId)));
        Assert.Equal("Tunnel connection failed: 403 allowed.test is not on the egress list of this sandbox\n", await world.RunAsync(world.Second, "print(get('allowed.test'))"));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_killed_worker_s_sandboxes_reach_their_hosts_through_the_next_one()
    {
        await using var redis = await RedisServer.StartAsync();
        var network = $"pf{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
        var settings = NamedHostsWorld.Settings(network).Where(setting => setting.Key != "Podflare__Egress__NamedHostsSubnet");
        var service = await Service.StartAsync(PublicHost.Address, [.. settings, ("ConnectionStrings__Redis", $"127.0.0.1:{redis.Port}"), ("Podflare__Role", "All")]);
        try
        {
            var sandbox = await world.CreateAsync(service, "allowed.test");
            Assert.Equal("hello allowed.test\n", (await service.Api.RunAsync(sandbox, "print(get('allowed.test'))")).Stdout);
            var proxy = Assert.Single(await NamedHostsWorld.ProxiesAsync(service.ProcessId));
            await service.KillAsync();
            await Until.TrueAsync(() => Task.FromResult(!Directory.Exists($"/proc/{proxy}")), TimeSpan.FromSeconds(10), "the proxy ends with its worker");

            await service.StartAgainAsync();
            await Until.TrueAsync(
                async () => (await service.Api.RunAsync(sandbox, "print(get('allowed.test'))")).Stdout == "hello allowed.test\n", TimeSpan.FromSeconds(60), "the next worker's proxy knows the list");
            await service.Api.DeleteAsync(sandbox);
        }
        finally
        {
            await service.DisposeAsync();
            await Script.RunAsync("eng/remove-egress.sh", network);
        }
    }
}
