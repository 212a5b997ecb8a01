using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Podflare.Certificates;
using Podflare.Configuration;

namespace Podflare.Http;

/// <summary>
/// The certificate of the page, and of the admin API where other machines can reach it: <c>PODFLARE_STATUS_TLS_CERT</c> and <c>PODFLARE_STATUS_TLS_KEY</c>. Without them
/// both speak plain HTTP.
/// </summary>
internal sealed partial class PageCertificate(CertificateFile file)
{
    public const string CertificateVariable = "PODFLARE_STATUS_TLS_CERT";
    public const string KeyVariable = "PODFLARE_STATUS_TLS_KEY";

    /// <summary>The certificate; null when none is configured.</summary>
    /// <exception cref="StartupException">One of the files is missing, or they do not fit together.</exception>
    public static PageCertificate? Find(IConfiguration configuration, TimeProvider time)
    {
        try
        {
            return CertificateFile.Find((CertificateVariable, configuration[CertificateVariable]), (KeyVariable, configuration[KeyVariable]), time) is { } file
                ? new PageCertificate(file)
                : null;
        }
        catch (CertificateFileException e)
        {
            throw new StartupException(e.Message);
        }
    }

    /// <summary>Makes a port speak TLS 1.2 or later. Each connection gets the certificate that is current then.</summary>
    public void Use(ListenOptions port)
    {
        var logger = port.ApplicationServices.GetRequiredService<ILogger<PageCertificate>>();
        file.OnRefused = error => LogRefused(logger, error);
        port.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(file.ServerOptions()) });
    }

    [LoggerMessage(LogLevel.Error, "The new certificate of the page cannot be used, so the old one stays in use.")]
    private static partial void LogRefused(ILogger logger, Exception exception);
}
