using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>Reads the events of one run, over as many subscriptions as it takes, up to its exit.</summary>
internal interface IRunReader
{
    IAsyncEnumerable<EventBatch> ReadAsync(TenantId tenant, SandboxId sandbox, RunId run, long after, bool expectStart, CancellationToken cancellationToken);
}
