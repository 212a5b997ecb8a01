namespace Podflare.Certificates;

/// <summary>TLS between the processes of a cluster. Section <c>Podflare:Cluster</c>.</summary>
internal sealed class ClusterCertificateOptions
{
    public const string Section = "Podflare:Cluster";

    /// <summary>PEM file with the certificate of this process. Any process with a certificate that <see cref="Authority"/> has issued is part of the cluster and can act for every tenant. Default: none.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file with the private key of <see cref="Certificate"/>, without a password. Default: none.</summary>
    public string? Key { get; set; }

    /// <summary>PEM file with the only authority whose certificates are accepted, on both sides of a connection. The files may be replaced at any time. Default: none.</summary>
    public string? Authority { get; set; }

    /// <summary>Lets a process start without TLS although other machines can reach it. Anyone who can reach its ports can then act for every tenant. Default: false.</summary>
    public bool AllowPlaintext { get; set; }
}
