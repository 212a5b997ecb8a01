using Microsoft.Extensions.Options;
using Podflare.Runs;
using Podflare.Usage;

namespace Podflare.Sandboxes;

/// <summary>The logs that sandboxes write: their events, and what they use.</summary>
public sealed class SandboxLogs(IEventLog events, IUsageLog usage, IOptions<UsageOptions> usageOptions)
{
    public IEventLog Events => events;

    public IUsageLog Usage => usage;

    public UsageOptions UsageOptions => usageOptions.Value;
}
