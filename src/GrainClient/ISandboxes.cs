using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.GrainClient;

/// <summary>
/// One tenant's sandboxes, over the cluster's grains. Every call is repeated where that is safe, for <see cref="GrainClientOptions.CallSeconds"/>;
/// a create and a run happen once, however often they were asked for. Refusals are <see cref="PodflareException"/>s. Thread-safe.
/// </summary>
public interface ISandboxes
{
    /// <summary>Makes a sandbox and returns when it takes runs.</summary>
    /// <exception cref="NoCapacityException">No host has room.</exception>
    /// <exception cref="TemplateNotFoundException">No such template.</exception>
    /// <exception cref="IdempotencyKeyReusedException">The key was used for another one.</exception>
    Task<SandboxInfo> CreateAsync(SandboxRequest? request = null, CancellationToken cancellationToken = default);

    /// <summary>The sandbox as it is, for 24 h after its end too.</summary>
    /// <exception cref="SandboxNotFoundException">No such sandbox of this tenant.</exception>
    Task<SandboxInfo> GetAsync(SandboxId sandbox, CancellationToken cancellationToken = default);

    /// <summary>Starts a run, or joins the one that has the same idempotency key. It outlives its readers: read it by its id.</summary>
    /// <exception cref="SandboxEndedException">The sandbox takes no runs any more.</exception>
    /// <exception cref="RunQueueFullException">Too many open runs.</exception>
    /// <exception cref="IdempotencyKeyReusedException">The key was used for another run.</exception>
    Task<RunId> StartRunAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs code and gives its events as they come, each once and in order, up to the exit, whatever happens to workers and connections
    /// meanwhile. Cancelling it interrupts the run.
    /// </summary>
    /// <inheritdoc cref="StartRunAsync"/>
    IAsyncEnumerable<RunEvent> RunStreamAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Runs code and gives all that it wrote. Cancelling it interrupts the run.</summary>
    /// <inheritdoc cref="StartRunAsync"/>
    Task<RunResult> RunAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads a run after an event of it; behind its end the exit comes again. Cancelling ends the reading, not the run.</summary>
    /// <param name="after">The <c>seq</c> after which to read; 0 reads all.</param>
    /// <exception cref="EventsEvictedException">The next event is no longer kept.</exception>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    IAsyncEnumerable<RunEvent> ReadEventsAsync(SandboxId sandbox, RunId run, long after = 0, CancellationToken cancellationToken = default);

    /// <summary>How the run is doing, or how it ended.</summary>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    Task<RunInfo> GetRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken = default);

    /// <summary>Sends SIGINT to the run; state is kept. A run that has ended is left alone.</summary>
    /// <exception cref="RunNotFoundException">No such run.</exception>
    Task InterruptAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken = default);

    /// <summary>Ends the sandbox; its open runs end with 137 <c>killed</c>. Fine to repeat.</summary>
    /// <exception cref="SandboxNotFoundException">No such sandbox of this tenant.</exception>
    Task DeleteAsync(SandboxId sandbox, CancellationToken cancellationToken = default);
}
