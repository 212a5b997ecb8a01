using System.Security.Authentication;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orleans.Connections.Security;

namespace Podflare.Certificates;

/// <summary>TLS with certificates on both sides of each connection between the processes of a cluster.</summary>
internal sealed class ClusterTls
{
    // A name must be given; nobody compares it, because the authority alone decides.
    private const string TargetHost = "podflare";

    private readonly CertificateFile _own;
    private readonly CertificateAuthority _authority;

    private ClusterTls(CertificateFile own, CertificateAuthority authority) => (_own, _authority) = (own, authority);

    /// <summary>The settings of the section; null when it names no file.</summary>
    /// <exception cref="OptionsValidationException">The settings are incomplete, or a file cannot be used.</exception>
    public static ClusterTls? Find(IConfiguration configuration)
    {
        var options = Read(configuration);
        switch (options)
        {
            case { Certificate: null or "", Key: null or "", Authority: null or "" }:
                return null;
            case { Certificate: { Length: > 0 } certificate, Key: { Length: > 0 } key, Authority: { Length: > 0 } authority }:
                try
                {
                    // The system's clock: files are read long before there are services.
                    return new ClusterTls(new CertificateFile(certificate, key, TimeProvider.System), new CertificateAuthority(authority, TimeProvider.System));
                }
                catch (CertificateFileException e)
                {
                    throw Refuse(e.Message);
                }

            default:
                throw Refuse("needs all of Certificate, Key and Authority, or none.");
        }
    }

    public static ClusterCertificateOptions Read(IConfiguration configuration) =>
        configuration.GetSection(ClusterCertificateOptions.Section).Get<ClusterCertificateOptions>() ?? new ClusterCertificateOptions();

    /// <summary>Reports files that were replaced and cannot be used.</summary>
    public void OnRefused(Action<Exception> report) => (_own.OnRefused, _authority.OnRefused) = (report, report);

    public void Configure(TlsOptions tls)
    {
        tls.LocalServerCertificateSelector = (_, _) => _own.Certificate;
        tls.LocalClientCertificateSelector = (_, _, _, _, _) => _own.Certificate;
        RequireBoth(tls);
        tls.RemoteCertificateValidation = (certificate, _, _) => _authority.Trusts(certificate);
    }

    /// <summary>Both sides must have a certificate, and TLS 1.2 or later.</summary>
    internal static void RequireBoth(TlsOptions tls)
    {
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        // The selector gives the own certificate. "Require" would ask for one that never changes.
        tls.ClientCertificateMode = RemoteCertificateMode.AllowCertificate;
        tls.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        tls.OnAuthenticateAsClient = static (_, client) => client.TargetHost = TargetHost;
    }

    private static OptionsValidationException Refuse(string message) =>
        new(ClusterCertificateOptions.Section, typeof(ClusterCertificateOptions), [$"{ClusterCertificateOptions.Section}: {message}"]);
}
