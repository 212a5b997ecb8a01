using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace Podflare.Certificates;

/// <summary>
/// Keeps everybody else out of an embedded server's silo, which listens on loopback because Orleans cannot do without: it accepts only a certificate that exists
/// in this process's memory alone.
/// </summary>
internal static class EmbeddedTls
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(3650);

    public static void Configure(TlsOptions tls, TimeProvider time)
    {
        var own = Create(time);
        var hash = own.GetCertHash(HashAlgorithmName.SHA256);
        tls.LocalServerCertificateSelector = (_, _) => own;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => own;
        ClusterTls.RequireBoth(tls);
        tls.RemoteCertificateValidation = (certificate, _, _) => CryptographicOperations.FixedTimeEquals(hash, certificate.GetCertHash(HashAlgorithmName.SHA256));
    }

    private static X509Certificate2 Create(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=podflare embedded", key, HashAlgorithmName.SHA256);
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now + Validity);
    }
}
