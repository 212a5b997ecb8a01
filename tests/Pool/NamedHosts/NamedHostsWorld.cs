using System.Globalization;
using System.Security.Cryptography;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool.NamedHosts;

/// <summary>A public host, a service that offers named hosts, and two sandboxes with different lists.</summary>
public sealed class NamedHostsWorld : IAsyncLifetime
{
    public const string Bridge = "198.18.79.1";
    public const int FirewallConnections = 40;
    public const int ProxyConnections = 16;
    private const string Subnet = "198.18.79.0/24";

    /// <summary>What every attempt uses, in the sandbox.</summary>
    private const string Tools = """
        import os, socket, ssl, urllib.request
        CA = ssl.create_default_context(cafile='/root/ca.pem')
        HOST, PORT = os.environ['HTTPS_PROXY'].removeprefix('http://').split(':')
        def get(name):
            try: return urllib.request.urlopen(f'https://{name}/', context=CA, timeout=20).read().decode()
            except OSError as e: return str(getattr(e, 'reason', e))
        def proxy(head):
            s = socket.create_connection((HOST, int(PORT)), 10)
            s.sendall(head.encode())
            return s
        def status(head):
            with proxy(head) as s: return s.recv(500).decode().split('\r\n')[0]
        def reach(address, port):
            try:
                with socket.create_connection((address, port), 3) as s: return 'open'
            except OSError: return 'refused'
        """;

    private readonly string _network = $"pf{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    internal PublicHost Host { get; private set; } = null!;

    internal Service Service { get; private set; } = null!;

    /// <summary>May reach allowed.test and *.pkg.test.</summary>
    public string First { get; private set; } = null!;

    /// <summary>May reach other.test.</summary>
    public string Second { get; private set; } = null!;

    public string Network => $"{_network}-n";

    public async ValueTask InitializeAsync()
    {
        Host = await PublicHost.StartAsync(_network);
        Service = await Service.StartAsync(PublicHost.Address, Settings(_network));
        First = await CreateAsync(Service, "allowed.test", "*.pkg.test");
        Second = await CreateAsync(Service, "other.test");
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null) await Service.DisposeAsync();
        if (Host is not null) await Host.DisposeAsync();
        await Script.RunAsync("eng/remove-egress.sh", _network);
        Assert.DoesNotContain(_network, await Script.RunAsync("iptables", "-w", "-S"), StringComparison.Ordinal);
        Assert.DoesNotContain(_network, await Script.RunAsync("docker", "network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
    }

    /// <summary>What code in a sandbox prints, which has <see cref="Tools"/>.</summary>
    public async Task<string> RunAsync(string sandbox, string code)
    {
        var run = await Service.Api.RunAsync(sandbox, code);
        return run.Stdout + run.Stderr;
    }

    internal static (string Key, string Value)[] Settings(string network) =>
    [
        ("Podflare__Create__OfferNamedEgress", "true"), ("Podflare__Egress__Network", network), ("Podflare__Egress__NamedHostsSubnet", Subnet),
        ("Podflare__Egress__ProxyPort", RandomNumberGenerator.GetInt32(20_000, 60_000).ToString(CultureInfo.InvariantCulture)),
        ("Podflare__Egress__MaxSandboxConnections", $"{FirewallConnections}"), ("Podflare__Egress__Proxy__MaxSandboxConnections", $"{ProxyConnections}"),
        ("Podflare__Egress__Proxy__ReportSeconds", "0.2"), ("Podflare__Templates__default__PoolMin", "0"), ("Podflare__Templates__default__PoolMax", "0"),
    ];

    internal async Task<string> CreateAsync(Service service, params string[] allow)
    {
        var sandbox = await service.Api.CreateAsync(new { egress = new { allow } });
        var certificate = await File.ReadAllTextAsync(Host.Certificate);
        var run = await service.Api.RunAsync(sandbox, $"_ = open('/root/ca.pem', 'w').write('''{certificate}''')\n{Tools}");
        Assert.True(run.Exit.Code == 0, run.Stderr);
        return sandbox;
    }

    /// <summary>The proxies that a process has started: their process ids.</summary>
    internal static async Task<int[]> ProxiesAsync(int parent)
    {
        var lines = await Script.RunAsync("ps", "-eo", "pid=,ppid=,args=");
        return [.. lines.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > 2 && words[1] == $"{parent}" && words[^1].EndsWith("Podflare.Egress.dll", StringComparison.Ordinal))
            .Select(words => int.Parse(words[0], CultureInfo.InvariantCulture))];
    }
}
