using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Podflare.Certificates;

/// <summary>The only authorities that are trusted for a purpose, in a PEM file that may be replaced while the process runs.</summary>
public sealed class CertificateAuthority
{
    private readonly PemFiles<X509Certificate2Collection> _file;

    /// <exception cref="CertificateFileException">The file cannot be read, or has no certificate.</exception>
    public CertificateAuthority(string path, TimeProvider time)
    {
        _file = new PemFiles<X509Certificate2Collection>([path], static texts => Load(texts[0]), time);
        _ = _file.Value;
    }

    /// <summary>Receives what is wrong with a file that was replaced. The old one stays in use.</summary>
    public Action<Exception>? OnRefused
    {
        get => _file.OnRefused;
        set => _file.OnRefused = value;
    }

    /// <summary>Whether one of the authorities has issued a certificate, and it is valid now. Names are not compared.</summary>
    public bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_file.Value);
        // A private authority publishes no list of what it has revoked. Replace the authority to shut a process out.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        var isTrusted = chain.Build(certificate);
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
        return isTrusted;
    }

    private static X509Certificate2Collection Load(string text)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(text);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("there is no certificate in the file");
    }
}
