using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Streaming;

/// <summary>Where the stream extension finds the events of a run: the sandbox grain, as a component of its context.</summary>
public interface IRunEventsSource
{
    /// <param name="expectStart">The run may not be there yet: wait up to 5 s for it.</param>
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    Task<RunEvents> OpenEventsAsync(TenantId tenant, RunId run, bool expectStart, CancellationToken cancellationToken);
}
