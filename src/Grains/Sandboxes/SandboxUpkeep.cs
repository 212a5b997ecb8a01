using Microsoft.Extensions.Logging;
using Podflare.Resilience;

namespace Podflare.Sandboxes;

/// <summary>What goes on while a sandbox lives, whether somebody calls it or not.</summary>
internal sealed class SandboxUpkeep(
    SandboxDeadlines deadlines, SandboxUsage usage, SandboxResources resources, SandboxReports reports, SandboxEgress egress, OrphanedSandbox orphan, ILogger logger)
{
    /// <summary>The sandbox has its container.</summary>
    /// <param name="adopted">From an earlier activation.</param>
    public void Start(IGrainBase grain, bool adopted, CancellationToken closing)
    {
        deadlines.Start(grain, adopted);
        usage.Start(grain);
        resources.Start(adopted);
        reports.ReportCreated(adopted, closing);
        if (adopted) Background.Run(logger, "egress", egress.AllowAsync());
    }

    /// <summary>The sandbox has ended.</summary>
    public void Stop()
    {
        deadlines.Stop();
        usage.Stop();
        reports.ReportEnded();
        orphan.Stop();
    }
}
