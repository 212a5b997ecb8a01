using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>A server whose certificate a private authority has issued, and the command, which uses the SDK.</summary>
public sealed class PrivateAuthorityTests : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(TestRun.Folder, "ca")).FullName;
    private readonly Uri _address = new($"https://localhost:{Ports.Free()}");
    private Process? _server;

    public async ValueTask InitializeAsync()
    {
        using var root = WriteCertificates();
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Frontend", "Podflare.Frontend.dll")]) { RedirectStandardOutput = true };
        start.Environment["PODFLARE_HOSTD_ADDR"] = $"127.0.0.1:{_address.Port}";
        start.Environment["PODFLARE_TLS_CERT"] = Path.Combine(_folder, "certificate.pem");
        start.Environment["PODFLARE_TLS_KEY"] = Path.Combine(_folder, "key.pem");
        start.Environment["Podflare__RunFolder"] = Path.Combine(TestRun.Folder, "ca-run");
        start.Environment["Podflare__ClusterId"] = $"{TestRun.Cluster}-ca";
        _server = Process.Start(start)!;
        _server.OutputDataReceived += static (_, _) => { };
        _server.BeginOutputReadLine();
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(root);
        using var client = new HttpClient(handler) { BaseAddress = _address };
        await Until.TrueAsync(() => IsReadyAsync(client), "the server is ready", StartLimit);
    }

    [Fact]
    public async Task The_command_trusts_the_authority_that_it_is_told_about()
    {
        var trusting = await Tool.RunAsync(_address, ["run", "-c", "print(6 * 7)"], environment: new() { ["SSL_CERT_FILE"] = Path.Combine(_folder, "authority.pem") });
        var other = await Tool.RunAsync(_address, ["sandbox", "ls"]);

        Assert.Equal((0, "42\n"), (trusting.Status, trusting.Out));
        Assert.NotEqual(0, other.Status);
        Assert.Contains("certificate", other.Err, StringComparison.OrdinalIgnoreCase);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is null) return;
        using (var kill = Process.Start("kill", ["-TERM", $"{_server.Id}"])) await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(35));
        await _server.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_server.HasExited) _server.Kill();
        _server.Dispose();
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/readyz")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private X509Certificate2 WriteCertificates()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        var authority = new CertificateRequest("CN=authority", rootKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var root = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(root, now.AddHours(-1), now.AddDays(1), [1]);
        File.WriteAllText(Path.Combine(_folder, "authority.pem"), root.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "certificate.pem"), issued.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
        return root;
    }
}
