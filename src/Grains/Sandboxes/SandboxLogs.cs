using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Runs;
using Podflare.Usage;

namespace Podflare.Sandboxes;

/// <summary>The logs that sandboxes write: their events, what they use, and who created and ended them.</summary>
public sealed class SandboxLogs(IEventLog events, IUsageLog usage, IOptions<UsageOptions> usageOptions, AuditReporter audit)
{
    public IEventLog Events => events;

    public IUsageLog Usage => usage;

    public AuditReporter Audit => audit;

    public UsageOptions UsageOptions => usageOptions.Value;
}
