using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Destinations;
using Podflare.Feed;
using Podflare.Runs;
using Podflare.Usage;

namespace Podflare.Sandboxes;

/// <summary>The logs that sandboxes write: their events, what they use, who created and ended them, and what their tenants and those tenants' backends learn about them.</summary>
public sealed class SandboxLogs(
    IEventLog events, IUsageLog usage, IOptions<UsageOptions> usageOptions, AuditReporter audit, FeedReporter feed, FeedWriter feeds, RunSpanReporter spans)
{
    public IEventLog Events => events;

    public IUsageLog Usage => usage;

    public AuditReporter Audit => audit;

    /// <summary>Tells the feed of a tenant a moment later.</summary>
    public FeedReporter Feed => feed;

    /// <summary>Tells the feed of a tenant at once.</summary>
    public FeedWriter Feeds => feeds;

    /// <summary>Sends the spans of runs to the destination of their tenant.</summary>
    public RunSpanReporter Spans => spans;

    public UsageOptions UsageOptions => usageOptions.Value;
}
