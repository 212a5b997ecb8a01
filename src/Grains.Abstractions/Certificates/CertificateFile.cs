using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Podflare.Certificates;

/// <summary>A certificate with its chain and its private key, in two PEM files that may be replaced while the process runs.</summary>
public sealed class CertificateFile
{
    private readonly PemFiles<SslStreamCertificateContext> _files;

    /// <param name="certificatePath">The certificate, followed by those of the authorities between it and the root.</param>
    /// <param name="keyPath">Its private key, without a password.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CertificateFileException">The files cannot be read, or the key is not that of the certificate.</exception>
    public CertificateFile(string certificatePath, string keyPath, TimeProvider time)
    {
        _files = new PemFiles<SslStreamCertificateContext>([certificatePath, keyPath], static texts => Load(texts[0], texts[1]), time);
        _ = _files.Value;
    }

    /// <summary>Opens the pair that two settings name.</summary>
    /// <param name="certificate">The setting's name and value.</param>
    /// <param name="key">The setting's name and value.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Null when neither is set.</returns>
    /// <exception cref="CertificateFileException">One is set without the other, a file cannot be read, or the key is not that of the certificate. The message names the settings.</exception>
    public static CertificateFile? Find((string Name, string? Value) certificate, (string Name, string? Value) key, TimeProvider time)
    {
        if (string.IsNullOrEmpty(certificate.Value) && string.IsNullOrEmpty(key.Value)) return null;
        if (string.IsNullOrEmpty(certificate.Value) || string.IsNullOrEmpty(key.Value))
            throw new CertificateFileException($"{certificate.Name} and {key.Name} belong together: set both, or neither.");
        try
        {
            return new CertificateFile(certificate.Value, key.Value, time);
        }
        catch (CertificateFileException e)
        {
            throw new CertificateFileException($"{certificate.Name} and {key.Name}: {e.Message}", e);
        }
    }

    /// <summary>Receives what is wrong with files that were replaced. The old pair stays in use.</summary>
    public Action<Exception>? OnRefused
    {
        get => _files.OnRefused;
        set => _files.OnRefused = value;
    }

    /// <summary>The certificate with its chain, for a TLS handshake.</summary>
    public SslStreamCertificateContext Context => _files.Value;

    /// <summary>The certificate.</summary>
    public X509Certificate2 Certificate => Context.TargetCertificate;

    /// <summary>What a server offers to a connection that begins now: the current certificate, and TLS 1.2 or later.</summary>
    public SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    private static SslStreamCertificateContext Load(string certificate, string key)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        if (chain.Count == 0) throw new CryptographicException("there is no certificate in the file");
        var own = X509Certificate2.CreateFromPem(certificate, key);
        chain.RemoveAt(0);
        // Offline: missing certificates of the chain are not fetched from addresses that the certificate names.
        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }
}
