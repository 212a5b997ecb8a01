using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Podflare.Certificates;

namespace Podflare;

/// <summary>A server with a certificate of a private authority.</summary>
public sealed class TlsTests(TlsTests.TlsServer server) : IClassFixture<TlsTests.TlsServer>
{
    [Fact]
    public async Task The_api_answers_over_tls_and_browsers_are_told_to_stay_with_it()
    {
        using var client = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/sandboxes") { Headers = { Host = "podflare.example" } };

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, "max-age=63072000"), (response.StatusCode, response.Header("Strict-Transport-Security")));
    }

    [Fact]
    public async Task Only_HTTP_1_1_is_offered()
    {
        using var tls = await server.ConnectAsync(SslProtocols.None);

        Assert.Equal(SslApplicationProtocol.Http11, tls.NegotiatedApplicationProtocol);
        Assert.Contains(tls.SslProtocol, new[] { SslProtocols.Tls12, SslProtocols.Tls13 });
    }

    [Fact]
    public async Task Plain_http_is_not_answered_on_the_port_and_a_bad_request_over_tls_is_a_problem()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Cluster.Address.Port, TestContext.Current.CancellationToken);
        await socket.GetStream().WriteAsync("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("ok", await ReadToEndAsync(socket.GetStream()), StringComparison.Ordinal);

        using var tls = await server.ConnectAsync(SslProtocols.None);
        await tls.WriteAsync("GET /livez HTTP/1.1\r\nBroken\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Contains("\"code\":\"invalid_request\"", await ReadToEndAsync(tls), StringComparison.Ordinal);
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        try
        {
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>The server and its authority.</summary>
    public sealed class TlsServer : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("pf-tls-").FullName;
        private TestAuthority _authority = null!;

        public Cluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _authority = new TestAuthority(_folder);
            var (certificate, key) = _authority.Write("localhost");
            Cluster = await Cluster.StartAsync([], ("PODFLARE_TLS_CERT", certificate), ("PODFLARE_TLS_KEY", key), (Cluster.AuthorityOfTests, _authority.RootPath));
        }

        public HttpClient CreateClient() => Cluster.ClientOf(Cluster.Key);

        public async Task<SslStream> ConnectAsync(SslProtocols protocols)
        {
            var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, Cluster.Address.Port, TestContext.Current.CancellationToken);
            var tls = new SslStream(socket.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    EnabledSslProtocols = protocols,
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    CertificateChainPolicy = Trust(),
                },
                TestContext.Current.CancellationToken);
            return tls;
        }

        public async ValueTask DisposeAsync()
        {
            await Cluster.DisposeAsync();
            _authority.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private X509ChainPolicy Trust()
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(_authority.Root);
            return policy;
        }
    }
}
