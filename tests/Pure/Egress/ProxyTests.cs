using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Podflare.EgressProxy.Addresses;
using Podflare.EgressProxy.Hosting;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy;

/// <summary>What the proxy answers, up to the moment in which it would connect to a host. Nothing here does.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("pf-").FullName;
    private readonly ScriptedResolver _resolver = new();
    private readonly FakeTimeProvider _time = new();
    private WebApplication _app = null!;
    private int _port;

    public async ValueTask InitializeAsync()
    {
        var options = new ProxyOptions { MaxSandboxConnections = 200, MaxConnections = 201, MaxHeadBytes = 1_024, MaxHelloBytes = 2_048 };
        _app = ProxyApplication.Build(new ProxySettings("127.0.0.1:0", Path.Combine(_folder, "c"), null, ["2600:bad::/32"], options), _resolver, _time);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        _port = new Uri(addresses.Single(address => address.Contains("127.0.0.1", StringComparison.Ordinal))).Port;
        await RegisterAsync("api.example.com", "*.packages.example.com");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("CONNECT other.example.com:443 HTTP/1.1", "403 other.example.com is not on the egress list of this sandbox", Verdict.NotAllowed)]
    [InlineData("CONNECT packages.example.com:443 HTTP/1.1", "403 packages.example.com is not on the egress list of this sandbox", Verdict.NotAllowed)]
    [InlineData("CONNECT 8.8.8.8:443 HTTP/1.1", "403 only host names are allowed, no addresses", Verdict.NotAName)]
    [InlineData("CONNECT api.example.com:22 HTTP/1.1", "403 only port 443 is allowed", Verdict.OtherPort)]
    [InlineData("GET http://api.example.com/ HTTP/1.1", "405 only CONNECT is supported; use https", Verdict.NotConnect)]
    [InlineData("hello", "400 not a CONNECT request", Verdict.BadRequest)]
    [InlineData("CONNECT api.example.com:443 HTTP/1.1", "502 the name has no address", Verdict.NoAddress)]
    public async Task A_refusal_has_a_status_and_is_reported(string line, string answer, string verdict)
    {
        Assert.Equal($"HTTP/1.1 {answer}", await AskAsync($"{line}\r\n\r\n"));
        var report = Assert.Single(Reports());
        Assert.Equal(("sbx_1", "acme", verdict, 1), (report.Sandbox, report.Tenant, report.Verdict, report.Connections));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("fd00:ec2::254")]
    [InlineData("2600:bad::1")] // refused by this proxy's settings
    public async Task A_name_without_a_public_address_is_refused(string address)
    {
        _resolver.Addresses["api.example.com"] = [IPAddress.Parse(address)];
        Assert.Equal("HTTP/1.1 403 the name has no public address", await AskAsync("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n"));
        Assert.Equal(Verdict.NotPublic, Assert.Single(Reports()).Verdict);
    }

    [Fact]
    public async Task A_name_on_the_list_is_resolved_once_and_no_other_name_is()
    {
        await AskAsync("CONNECT API.example.com.:443 HTTP/1.1\r\n\r\n");
        await AskAsync("CONNECT secret-data.other.example:443 HTTP/1.1\r\n\r\n");
        Assert.Equal(["api.example.com"], _resolver.Asked);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", Verdict.NotTls)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", Verdict.NotTls)]
    [InlineData("", Verdict.NotTls)]
    public async Task What_is_not_TLS_ends_the_connection_before_a_host_is_dialed(string sent, string verdict)
    {
        using var client = await EstablishAsync();
        await client.Client.SendAsync(Encoding.ASCII.GetBytes(sent), TestContext.Current.CancellationToken);
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await ReadToEndAsync(client));
        Assert.Equal(verdict, Assert.Single(Reports()).Verdict);
    }

    [Fact]
    public async Task Another_server_name_is_answered_with_an_alert()
    {
        using var client = await EstablishAsync();
        using var tls = new System.Net.Security.SslStream(client.GetStream());
        var error = await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync("files.packages.example.com"));
        Assert.Contains("unrecognized name", $"{error}", StringComparison.Ordinal);
        Assert.Equal(Verdict.OtherServerName, Assert.Single(Reports()).Verdict);
    }

    [Fact]
    public async Task A_head_and_a_hello_have_limits_of_size_and_time()
    {
        Assert.Equal("HTTP/1.1 400 not a CONNECT request", await AskAsync(new string('x', 1_025)));

        using var silent = await OpenAsync("CONNECT api.example.com");
        await AdvanceUntilAsync(silent, TimeSpan.FromSeconds(10));
        Assert.StartsWith("HTTP/1.1 400 ", Encoding.ASCII.GetString(await ReadToEndAsync(silent)), StringComparison.Ordinal);

        using var slow = await EstablishAsync();
        await slow.Client.SendAsync(new byte[] { 22, 3, 1, 1 }, TestContext.Current.CancellationToken);
        await AdvanceUntilAsync(slow, TimeSpan.FromSeconds(10));
        Assert.Empty(await ReadToEndAsync(slow));

        using var large = await EstablishAsync();
        byte[] beginning = [22, 3, 1, 0x40, 0, 1, 0, 0x3F, 0, .. new byte[2_048]];
        await large.Client.SendAsync(beginning, TestContext.Current.CancellationToken);
        Assert.Empty(await ReadToEndAsync(large));
        Assert.Equal([Verdict.BadRequest, Verdict.NotTls], Reports().Select(report => report.Verdict).Order());
    }

    [Fact]
    public async Task No_refusal_is_lost_and_a_sandbox_has_a_limited_number_of_connections()
    {
        var open = new List<TcpClient>();
        for (var i = 0; i < 200; i++) open.Add(await OpenAsync("CONNECT other.example.com:443 HTTP/1.1\r\n"));
        await WaitAsync(() => _app.Services.GetRequiredService<Connect.ConnectionLimit>().Open == 200, "all connections are counted");
        Assert.Equal("HTTP/1.1 429 too many connections", await AskAsync("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n"));

        foreach (var client in open) await client.Client.SendAsync("\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        foreach (var client in open)
        {
            Assert.StartsWith("HTTP/1.1 403 ", Encoding.ASCII.GetString(await ReadToEndAsync(client)), StringComparison.Ordinal);
            client.Dispose();
        }

        await WaitAsync(() => _app.Services.GetRequiredService<Connect.ConnectionLimit>().Open == 0, "no connection is counted");
        Assert.Equal(200, Reports().Single(report => report.Verdict == Verdict.NotAllowed).Connections);
    }

    [Fact]
    public async Task Only_registered_addresses_are_served_and_the_connections_of_a_removed_one_end()
    {
        using var open = await EstablishAsync();
        using var worker = Worker();
        using var removed = await worker.DeleteAsync("http://proxy/sandboxes/127.0.0.1", TestContext.Current.CancellationToken);
        Assert.Empty(await ReadToEndAsync(open));
        Assert.Equal("HTTP/1.1 403 this address is not a sandbox of this proxy", await AskAsync("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n"));

        // The whole table, as after a restart of the proxy.
        using var replaced = await worker.PutAsJsonAsync(
            "http://proxy/sandboxes", new Dictionary<string, SandboxAccess> { ["127.0.0.1"] = new("sbx_2", "other", ["b.example"]) }, TestContext.Current.CancellationToken);
        Assert.Equal("HTTP/1.1 502 the name has no address", await AskAsync("CONNECT b.example:443 HTTP/1.1\r\n\r\n"));
        Assert.Equal("HTTP/1.1 403 api.example.com is not on the egress list of this sandbox", await AskAsync("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n"));
    }

    private ConnectionReport[] Reports() => _app.Services.GetRequiredService<ReportCollector>().Take();

    private async Task RegisterAsync(params string[] allow)
    {
        using var worker = Worker();
        using var answer = await worker.PutAsJsonAsync("http://proxy/sandboxes/127.0.0.1", new SandboxAccess("sbx_1", "acme", allow), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private HttpClient Worker() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_folder, "c")), token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private async Task<TcpClient> OpenAsync(string sent)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port, TestContext.Current.CancellationToken);
        await client.Client.SendAsync(Encoding.ASCII.GetBytes(sent), TestContext.Current.CancellationToken);
        return client;
    }

    /// <summary>A connection to a name that resolves to a public address of which this machine knows no way, and that nobody has.</summary>
    private async Task<TcpClient> EstablishAsync()
    {
        _resolver.Addresses["api.example.com"] = [IPAddress.Parse("2600:dead::1")];
        var client = await OpenAsync("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n");
        var answer = new byte["HTTP/1.1 200 Connection established\r\n\r\n".Length];
        await client.GetStream().ReadExactlyAsync(answer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit);
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
        return client;
    }

    private async Task<string> AskAsync(string sent)
    {
        using var client = await OpenAsync(sent);
        return Encoding.ASCII.GetString(await ReadToEndAsync(client)).Split("\r\n")[0];
    }

    private static async Task<byte[]> ReadToEndAsync(TcpClient client)
    {
        var (all, part) = (new List<byte>(), new byte[4_096]);
        while (await client.Client.ReceiveAsync(part, TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit) is > 0 and var received) all.AddRange(part.AsSpan(0, received));
        return [.. all];
    }

    // The timer starts when the proxy has accepted the connection, which nobody reports.
    private async Task AdvanceUntilAsync(TcpClient client, TimeSpan step)
    {
        await WaitAsync(() =>
        {
            _time.Advance(step);
            return client.Client.Poll(0, SelectMode.SelectRead);
        }, "the proxy has given up");
    }

    private static async Task WaitAsync(Func<bool> condition, string what)
    {
        var until = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(until) > Limit) Assert.Fail($"Not within {Limit}: {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private sealed class ScriptedResolver : INameResolver
    {
        public ConcurrentDictionary<string, IPAddress[]> Addresses { get; } = new();

        public ConcurrentQueue<string> Asked { get; } = new();

        public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
        {
            Asked.Enqueue(name);
            return Task.FromResult(Addresses.GetValueOrDefault(name, []));
        }
    }
}
