using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Podflare.Certificates;

/// <summary>A private authority, which issues certificates as PEM files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string folder)
    {
        Folder = folder;
        var request = new CertificateRequest($"CN=test authority {Guid.NewGuid():N}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Root = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
        RootPath = Path.Combine(folder, $"{Guid.NewGuid():N}.pem");
        File.WriteAllText(RootPath, Root.ExportCertificatePem());
    }

    public string Folder { get; }

    public X509Certificate2 Root { get; }

    public string RootPath { get; }

    /// <returns>Certificate and key as PEM.</returns>
    public (string Certificate, string Key) Issue(string name, int validDays = 10)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddDnsName("podflare.example");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var (from, to) = validDays > 0 ? (now.AddHours(-1), now.AddDays(validDays)) : (now.AddHours(-20), now.AddHours(-1));
        using var issued = request.Create(Root, from, to, RandomNumberGenerator.GetBytes(8));
        return (issued.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Issues a certificate into two files.</summary>
    public (string Certificate, string Key) Write(string name)
    {
        var (certificate, key) = Issue(name);
        var paths = (Path.Combine(Folder, $"{name}.pem"), Path.Combine(Folder, $"{name}.key"));
        File.WriteAllText(paths.Item1, certificate);
        File.WriteAllText(paths.Item2, key);
        return paths;
    }

    public void Dispose()
    {
        Root.Dispose();
        _key.Dispose();
    }
}
