using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Podflare.Certificates;
using Podflare.Services;

namespace Podflare.Hosting;

/// <summary>A real embedded process, and strangers on the same machine who try to become part of its cluster.</summary>
public sealed class EmbeddedTlsTests(EmbeddedTlsTests.EmbeddedProcess embedded) : IClassFixture<EmbeddedTlsTests.EmbeddedProcess>
{
    // Without TLS, a stranger joins in half a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_silo_does_not_join(bool hasCertificate)
    {
        await AssertDoesNotStartAsync(CreateSilo(Ports.Free(), embedded.SiloPort, embedded.ClusterId, hasCertificate));
    }

    [Fact]
    public async Task The_same_silo_joins_one_that_does_not_ask_for_a_certificate()
    {
        var port = Ports.Free();
        using var first = CreateSilo(port, port, "open", hasCertificate: false);
        await first.StartAsync(TestContext.Current.CancellationToken);
        using var second = CreateSilo(Ports.Free(), port, "open", hasCertificate: false);

        await second.StartAsync(TestContext.Current.CancellationToken).WaitAsync(3 * Patience, TestContext.Current.CancellationToken);

        await second.StopAsync(TestContext.Current.CancellationToken);
        await first.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_does_not_connect(bool hasCertificate)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, embedded.SiloPort));
            client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (embedded.ClusterId, embedded.ClusterId));
            if (hasCertificate) client.UseTls(tls => EmbeddedTls.Configure(tls, TimeProvider.System));
        });
        await AssertDoesNotStartAsync(builder.Build());
    }

    [Fact]
    public async Task Tls_without_a_certificate_is_not_enough()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, embedded.SiloPort, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, static (_, certificate, _, _) => certificate is not null);

        // With TLS 1.3, a client learns only from the first read that its certificate was missed.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "podflare" }, TestContext.Current.CancellationToken);
            if (await tls.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken) == 0) throw new IOException("closed");
        });
    }

    [Fact]
    public async Task There_is_no_gateway()
    {
        using var socket = new TcpClient();

        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(IPAddress.Loopback, embedded.GatewayPort, TestContext.Current.CancellationToken).AsTask());
    }

    private static IHost CreateSilo(int port, int primary, string cluster, bool hasCertificate)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(port, Ports.Free(), new IPEndPoint(IPAddress.Loopback, primary), cluster, cluster);
            silo.Services.AddSingleton(TimeProvider.System);
            if (hasCertificate) silo.UseTls(tls => EmbeddedTls.Configure(tls, TimeProvider.System));
        });
        return builder.Build();
    }

    private static async Task AssertDoesNotStartAsync(IHost host)
    {
        using var limit = new CancellationTokenSource(Patience);
        var starting = host.StartAsync(limit.Token);
        await Task.WhenAny(starting, Task.Delay(Patience, TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.False(starting.IsCompletedSuccessfully, "a stranger has become part of the embedded cluster");
    }

    /// <summary>The embedded server, with a silo port that the tests know.</summary>
    public sealed class EmbeddedProcess : IAsyncLifetime
    {
        private ServiceProcess? _process;

        public int SiloPort { get; } = Ports.Free();

        public int GatewayPort { get; } = Ports.Free();

        public string ClusterId { get; } = $"{TestFolder.Cluster}-t";

        public async ValueTask InitializeAsync()
        {
            _process = new ServiceProcess("Frontend", new()
            {
                ["PODFLARE_HOSTD_ADDR"] = $"127.0.0.1:{Ports.Free()}",
                ["Podflare__RunFolder"] = Path.Combine(TestFolder.Path, "t"),
                ["Podflare__ClusterId"] = ClusterId,
                ["Podflare__SiloPort"] = $"{SiloPort}",
                ["Podflare__GatewayPort"] = $"{GatewayPort}",
            });
            await _process.ReadyAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (_process is not null) await _process.DisposeAsync();
        }
    }
}
