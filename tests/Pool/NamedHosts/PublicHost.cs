using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool.NamedHosts;

/// <summary>
/// A host of the internet, played by a network namespace: HTTPS, plain bytes behind a ClientHello, and the name server of all names. Its
/// address looks public. A route keeps packets to its network on this machine, also when the namespace is gone.
/// </summary>
internal sealed class PublicHost : IAsyncDisposable
{
    public const string Address = "21.43.65.2";

    /// <summary>This machine's side of the link, which looks as public.</summary>
    public const string OwnAddress = "21.43.65.1";
    public const int PlainPort = 8099;
    private const string Network = "21.43.65.0/24";
    private const string Metric = "4000000";

    private readonly string _name;
    private readonly string _log;
    private Process? _program;

    private PublicHost(string name)
    {
        _name = name;
        _log = Path.Combine(TestRun.Folder, $"{name}.log");
        Certificate = Path.Combine(TestRun.Folder, $"{name}.pem");
    }

    /// <summary>The certificate, which is its own issuer, in PEM.</summary>
    public string Certificate { get; }

    public static async Task<PublicHost> StartAsync(string name)
    {
        var host = new PublicHost(name);
        await Script.RunAsync("ip", "route", "replace", "blackhole", Network, "metric", Metric);
        await Script.RunAsync("ip", "netns", "add", name);
        await Script.RunAsync("ip", "link", "add", name, "type", "veth", "peer", "name", "far0", "netns", name);
        await Script.RunAsync("ip", "addr", "add", $"{OwnAddress}/24", "dev", name);
        await Script.RunAsync("ip", "link", "set", name, "up");
        await Script.RunAsync("ip", "-n", name, "addr", "add", $"{Address}/24", "dev", "far0");
        await Script.RunAsync("ip", "-n", name, "link", "set", "far0", "up");
        await Script.RunAsync("ip", "-n", name, "route", "add", "default", "via", OwnAddress);
        await File.WriteAllTextAsync(host._log, "");
        await host.WriteCertificateAsync();
        var program = Path.Combine(TestRun.Repository, "tests", "Pool", "NamedHosts", "public_host.py");
        host._program = Process.Start("ip", ["netns", "exec", name, "python3", program, host.Certificate, host._log]);
        await Until.TrueAsync(async () => (await host.LinesAsync()).Contains("ready"), TimeSpan.FromSeconds(20), "the public host is ready");
        return host;
    }

    /// <summary>What it has seen: <c>query NAME</c>, <c>tls NAME PEER</c>, <c>get NAME PATH</c>, <c>plain PEER</c>.</summary>
    public async Task<string[]> LinesAsync()
    {
        await using var file = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async ValueTask DisposeAsync()
    {
        if (_program is { } program)
        {
            program.Kill();
            await program.WaitForExitAsync();
            program.Dispose();
        }

        await Script.RunAsync("ip", "netns", "del", _name);
        await Script.RunAsync("ip", "route", "del", "blackhole", Network, "metric", Metric);
    }

    private async Task WriteCertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=allowed.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in new[] { "allowed.test", "other.test", "*.pkg.test" }) names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await File.WriteAllTextAsync(Certificate, certificate.ExportCertificatePem() + "\n");
        await File.WriteAllTextAsync(Certificate + ".key", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
