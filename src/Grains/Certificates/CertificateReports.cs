using Microsoft.Extensions.Logging;

namespace Podflare.Certificates;

/// <summary>Logs certificates of the cluster that were replaced by files that cannot be used.</summary>
internal sealed partial class CertificateReports(ClusterTls tls, ILogger<CertificateReports> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) => tls.OnRefused(LogRefused);

    [LoggerMessage(LogLevel.Error, "A new certificate of the cluster cannot be used, so the old one stays in use.")]
    private partial void LogRefused(Exception exception);
}
