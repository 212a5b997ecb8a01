using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool;

/// <summary>
/// The way out, against hosts in network namespaces that the test makes itself. All addresses are from ranges for documentation and
/// benchmarks: no packet leaves this machine.
/// </summary>
public sealed class EgressTests
{
    private const string OpenHost = "198.51.100.2";
    private const string RefusedHost = "203.0.113.2";
    private const string Subnet = "198.18.77.0/24";
    private const string Bridge = "198.18.77.1";

    private static readonly string Answering = $"""
        import socket, threading
        listener = socket.create_server(('', {OtherHost.Port}))
        def answer():
            while True:
                peer, _ = listener.accept()
                peer.sendall(b'hello')
                peer.close()
        threading.Thread(target=answer, daemon=True).start()
        """;

    private readonly string _network = $"pf{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    [Fact(Timeout = 120_000)]
    public async Task A_sandbox_with_egress_reaches_what_is_not_refused_and_nothing_reaches_it()
    {
        await using var open = await OtherHost.StartAsync(_network + "a", OpenHost);
        await using var refused = await OtherHost.StartAsync(_network + "b", RefusedHost);
        var service = await Service.StartAsync(
            ("Podflare__Create__OfferEgress", "true"), ("Podflare__Egress__Network", _network), ("Podflare__Egress__Subnet", Subnet),
            ("Podflare__Egress__Refused", "203.0.113.0/24"), ("Podflare__Templates__closed__Image", "podflare/default:local"), ("Podflare__Templates__closed__Egress", "false"));
        try
        {
            var first = await service.Api.CreateAsync(new { egress = true });
            var second = await service.Api.CreateAsync(new { egress = true });
            Assert.Equal("hello\n", await ReachAsync(service, first, OpenHost));
            Assert.Equal("hello\n", await ReachAsync(service, second, OpenHost));
            Assert.Equal("refused\n", await ReachAsync(service, first, RefusedHost));

            // The host, by its side of the bridge and by that of another network.
            using var host = new TcpListener(IPAddress.Any, OtherHost.Port);
            host.Start();
            Assert.Equal("refused\n", await ReachAsync(service, first, Bridge));
            Assert.Equal("refused\n", await ReachAsync(service, first, "198.51.100.1"));

            // Another sandbox of the same bridge, which listens.
            var address = await Engine.InspectAsync(second, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
            Assert.StartsWith("198.18.77.", address, StringComparison.Ordinal);
            await service.Api.RunAsync(second, Answering);
            Assert.Equal("hello\n", await ReachAsync(service, second, address));
            await LetAllThroughAsync("-I");
            try
            {
                Assert.Equal("refused\n", await ReachAsync(service, first, address));
                Assert.Equal("refused", await open.ReachAsync(address));
            }
            finally
            {
                await LetAllThroughAsync("-D");
            }

            // No packet of the sandboxes has come to the refused host, or to the host's listener.
            Assert.Empty(await refused.PeersAsync());
            Assert.False(host.Pending());
            Assert.Equal(2, (await open.PeersAsync()).Length);

            var without = await service.Api.CreateAsync();
            Assert.Equal("refused\n", await ReachAsync(service, without, OpenHost));
            var closed = await service.Api.CreateAsync(new { template = "closed", egress = true });
            Assert.Equal("refused\n", await ReachAsync(service, closed, OpenHost));

            // Loaded once, whoever comes later, and again where they were taken away.
            Assert.Equal(3, await JumpsAsync());
            await FlushAsync();
            var third = await service.Api.CreateAsync(new { egress = true });
            Assert.Equal(3, await JumpsAsync());
            Assert.Equal("refused\n", await ReachAsync(service, third, RefusedHost));
        }
        finally
        {
            await service.DisposeAsync();
            await Script.RunAsync("eng/remove-egress.sh", _network);
        }

        Assert.DoesNotContain(_network, await Script.RunAsync("iptables", "-w", "-S"), StringComparison.Ordinal);
        Assert.DoesNotContain(_network, await Script.RunAsync("docker", "network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
    }

    private static async Task<string> ReachAsync(Service service, string sandbox, string address)
    {
        var code = $"""
            import socket
            try:
                with socket.create_connection(({address.ToPython()}, {OtherHost.Port}), 3) as s: print(s.recv(100).decode())
            except OSError: print('refused')
            """;
        return (await service.Api.RunAsync(sandbox, code)).Stdout;
    }

    // The engine drops what is not asked for as well, where nobody has opened it: the rules must hold without that.
    private Task<string> LetAllThroughAsync(string command) =>
        Script.RunAsync("iptables", ["-w", command, "FORWARD", .. command is "-I" ? ["2"] : Array.Empty<string>(), "-o", _network, "-j", "ACCEPT"]);

    private async Task<int> JumpsAsync() =>
        (await Script.RunAsync("iptables", "-w", "-S")).Split('\n').Count(line => line.Contains($"-j {_network}-", StringComparison.Ordinal));

    private async Task FlushAsync()
    {
        foreach (var chain in new[] { "out", "host" }) await Script.RunAsync("iptables", "-w", "-F", $"{_network}-{chain}");
    }
}

internal static class PythonText
{
    public static string ToPython(this string text) => $"'{text}'";
}

/// <summary>A host of the test's own: a network namespace behind a pair of interfaces, with a listener that says hello and notes who came.</summary>
internal sealed class OtherHost : IAsyncDisposable
{
    public const int Port = 8099;

    private const string Listener = """
        import socket, sys
        with socket.create_server(('', int(sys.argv[1]))) as listener, open(sys.argv[2], 'a') as log:
            while True:
                peer, address = listener.accept()
                print(address[0], file=log, flush=True)
                peer.sendall(b'hello')
                peer.close()
        """;

    private readonly string _name;
    private readonly string _log;
    private System.Diagnostics.Process? _listener;

    private OtherHost(string name) => (_name, _log) = (name, Path.Combine(TestRun.Folder, $"{name}.peers"));

    /// <param name="address">Ends in .2; the machine's side of the link has .1.</param>
    public static async Task<OtherHost> StartAsync(string name, string address)
    {
        var host = new OtherHost(name);
        var near = address[..address.LastIndexOf('.')] + ".1";
        await Script.RunAsync("ip", "netns", "add", name);
        await Script.RunAsync("ip", "link", "add", name, "type", "veth", "peer", "name", "far0", "netns", name);
        await Script.RunAsync("ip", "addr", "add", $"{near}/24", "dev", name);
        await Script.RunAsync("ip", "link", "set", name, "up");
        await Script.RunAsync("ip", "-n", name, "addr", "add", $"{address}/24", "dev", "far0");
        await Script.RunAsync("ip", "-n", name, "link", "set", "far0", "up");
        await Script.RunAsync("ip", "-n", name, "route", "add", "default", "via", near);
        await File.WriteAllTextAsync(host._log, "", TestContext.Current.CancellationToken);
        host._listener = System.Diagnostics.Process.Start("ip", ["netns", "exec", name, "python3", "-c", Listener, Port.ToString(CultureInfo.InvariantCulture), host._log]);
        await Until.TrueAsync(async () => (await Script.RunAsync("ip", "netns", "exec", name, "ss", "-ltnH")).Contains($":{Port}", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the other host listens");
        return host;
    }

    public Task<string[]> PeersAsync() => File.ReadAllLinesAsync(_log, TestContext.Current.CancellationToken);

    /// <summary>What this host gets from a port of another.</summary>
    public async Task<string> ReachAsync(string address)
    {
        var code = $"import socket\ntry: print(socket.create_connection(('{address}', {Port}), 2).recv(100).decode())\nexcept OSError as e: print('refused')";
        return (await Script.RunAsync("ip", "netns", "exec", _name, "python3", "-c", code)).Trim();
    }

    public async ValueTask DisposeAsync()
    {
        if (_listener is { } listener)
        {
            listener.Kill();
            await listener.WaitForExitAsync();
            listener.Dispose();
        }

        await Script.RunAsync("ip", "netns", "del", _name);
    }
}
