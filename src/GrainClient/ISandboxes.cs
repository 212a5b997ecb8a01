using System.Collections.Immutable;
using Podflare.Contexts;
using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.GrainClient;

/// <summary>
/// The sandboxes of one tenant, over the cluster's grains. Every call is repeated where that is safe, for <see cref="GrainClientOptions.CallSeconds"/>;
/// a create and a run happen once, however often they were asked for. Errors are <see cref="PodflareException"/>s. Thread-safe.
/// </summary>
public interface ISandboxes
{
    /// <summary>Creates a sandbox and returns when it accepts runs.</summary>
    /// <exception cref="NoCapacityException">No host has capacity.</exception>
    /// <exception cref="TemplateNotFoundException">The template does not exist.</exception>
    /// <exception cref="IdempotencyKeyReusedException">The key was used for another sandbox.</exception>
    Task<SandboxInfo> CreateAsync(SandboxRequest? request = null, CancellationToken cancellationToken = default);

    /// <summary>Gets the current state of a sandbox, also for 24 h after its end.</summary>
    /// <exception cref="SandboxNotFoundException">The tenant has no such sandbox.</exception>
    Task<SandboxInfo> GetAsync(SandboxId sandbox, CancellationToken cancellationToken = default);

    /// <summary>Changes time limits or metadata of a sandbox.</summary>
    /// <exception cref="SandboxEndedException">The sandbox has ended.</exception>
    /// <exception cref="InvalidRequestException">A value is beyond the cluster's limit.</exception>
    Task<SandboxInfo> UpdateAsync(SandboxId sandbox, SandboxUpdate update, CancellationToken cancellationToken = default);

    /// <summary>Starts a run, or joins the one that has the same idempotency key. It outlives its readers: its events can be read by its ID.</summary>
    /// <exception cref="SandboxEndedException">The sandbox has ended.</exception>
    /// <exception cref="RunQueueFullException">The sandbox has the maximum number of open runs.</exception>
    /// <exception cref="IdempotencyKeyReusedException">The key was used for another run.</exception>
    Task<RunId> StartRunAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Runs code and delivers its events as they occur: each once, in order, up to the exit, whatever happens to workers and connections meanwhile.
    /// Cancellation interrupts the run.
    /// </summary>
    /// <inheritdoc cref="StartRunAsync"/>
    IAsyncEnumerable<RunEvent> RunStreamAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Runs code and returns everything that it wrote. Cancellation interrupts the run.</summary>
    /// <inheritdoc cref="StartRunAsync"/>
    Task<RunResult> RunAsync(SandboxId sandbox, string code, RunRequestOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Starts a program, or joins the process that has the same idempotency key. It does not wait for code that is running.</summary>
    /// <inheritdoc cref="StartRunAsync"/>
    Task<RunId> StartProcessAsync(SandboxId sandbox, ProcessRequestOptions process, CancellationToken cancellationToken = default);

    /// <summary>Runs a program and returns everything that it wrote. Cancellation interrupts it.</summary>
    /// <inheritdoc cref="StartRunAsync"/>
    Task<RunResult> RunProcessAsync(SandboxId sandbox, ProcessRequestOptions process, CancellationToken cancellationToken = default);

    /// <summary>Runs a program and delivers its events as they occur; see <see cref="RunStreamAsync"/>. Cancellation interrupts it.</summary>
    /// <inheritdoc cref="StartRunAsync"/>
    IAsyncEnumerable<RunEvent> RunProcessStreamAsync(SandboxId sandbox, ProcessRequestOptions process, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads the events of a run after one of them. After the last event, the exit is delivered again. Cancellation ends the reading, not the run.
    /// </summary>
    /// <param name="after">The <c>seq</c> to read after; 0 reads all events.</param>
    /// <exception cref="EventsEvictedException">The next event is no longer stored.</exception>
    /// <exception cref="RunNotFoundException">The run does not exist.</exception>
    IAsyncEnumerable<RunEvent> ReadEventsAsync(SandboxId sandbox, RunId run, long after = 0, CancellationToken cancellationToken = default);

    /// <summary>Reads what ended runs still write. It ends with the sandbox.</summary>
    /// <inheritdoc cref="ReadEventsAsync"/>
    IAsyncEnumerable<RunEvent> ReadBackgroundAsync(SandboxId sandbox, long after = 0, CancellationToken cancellationToken = default);

    /// <summary>Gets the current state of a run, or how it ended.</summary>
    /// <exception cref="RunNotFoundException">The run does not exist.</exception>
    Task<RunInfo> GetRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken = default);

    /// <summary>Lists the runs of a sandbox, newest first, requesting page after page as needed.</summary>
    IAsyncEnumerable<RunInfo> ListRunsAsync(SandboxId sandbox, RunFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>Interrupts a run with SIGINT and keeps the state. Succeeds if the run has ended.</summary>
    /// <exception cref="RunNotFoundException">The run does not exist.</exception>
    Task InterruptAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken = default);

    /// <summary>Interrupts a run with SIGINT, and kills it if it is still running after the given time. Succeeds if the run has ended.</summary>
    /// <param name="grace">Time between the interrupt and the kill, 0 to 300 s.</param>
    /// <exception cref="RunNotFoundException">The run does not exist.</exception>
    Task InterruptAsync(SandboxId sandbox, RunId run, TimeSpan grace, CancellationToken cancellationToken = default);

    /// <summary>Writes to the standard input of a run that was started with it.</summary>
    /// <param name="data">At most 1 MiB.</param>
    /// <param name="endOfFile">Standard input is closed after the data; on a terminal, Ctrl-D is sent.</param>
    /// <param name="offset">Where the data begins in the whole input, so that the call can be repeated. Null appends, and the call is not repeated.</param>
    /// <returns>The bytes of input that the sandbox has accepted so far.</returns>
    /// <exception cref="StdinClosedException">Standard input is not open.</exception>
    /// <exception cref="StdinFullException">The run does not read its input; repeat later.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    Task<long> WriteStdinAsync(SandboxId sandbox, RunId run, ReadOnlyMemory<byte> data, bool endOfFile = false, long? offset = null, CancellationToken cancellationToken = default);

    /// <summary>Sends a signal. If the call is repeated, the signal may arrive twice.</summary>
    /// <param name="signal">Such as <c>SIGTERM</c>.</param>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    Task SignalAsync(SandboxId sandbox, RunId run, string signal, SignalScope scope = SignalScope.Group, CancellationToken cancellationToken = default);

    /// <summary>Changes the size of a run's terminal.</summary>
    /// <exception cref="NotATerminalException">The run has no terminal.</exception>
    Task ResizeAsync(SandboxId sandbox, RunId run, TerminalSize size, CancellationToken cancellationToken = default);

    /// <summary>Creates a context, or finds the equal one that exists.</summary>
    /// <exception cref="ContextExistsException">A context with the same ID and other options exists.</exception>
    /// <exception cref="ContextQuotaExceededException">The sandbox has the maximum number of contexts.</exception>
    Task<ContextInfo> CreateContextAsync(SandboxId sandbox, ContextSpec context, CancellationToken cancellationToken = default);

    /// <summary>Lists the contexts of a sandbox.</summary>
    Task<ImmutableArray<ContextInfo>> ListContextsAsync(SandboxId sandbox, CancellationToken cancellationToken = default);

    /// <summary>Replaces the interpreter of a context; its variables are gone. The call is not repeated.</summary>
    /// <exception cref="ContextNotFoundException">The context does not exist.</exception>
    Task<ContextInfo> RestartContextAsync(SandboxId sandbox, ContextId context, CancellationToken cancellationToken = default);

    /// <summary>Interrupts what a context executes; no run ID is needed.</summary>
    /// <param name="queued">The runs that wait for it are ended as well.</param>
    /// <returns>The runs that were interrupted.</returns>
    /// <exception cref="ContextNotFoundException">The context does not exist.</exception>
    Task<ImmutableArray<RunId>> InterruptContextAsync(SandboxId sandbox, ContextId context, bool queued = false, CancellationToken cancellationToken = default);

    /// <summary>Deletes a context; its open runs end with 137 <c>killed</c>. Succeeds if the context does not exist.</summary>
    /// <exception cref="ContextRequiredException">The context <c>python</c> cannot be deleted.</exception>
    Task DeleteContextAsync(SandboxId sandbox, ContextId context, CancellationToken cancellationToken = default);

    /// <summary>Deletes a sandbox; its open runs end with 137 <c>killed</c>. Deleting it again succeeds.</summary>
    /// <exception cref="SandboxNotFoundException">The tenant has no such sandbox.</exception>
    Task DeleteAsync(SandboxId sandbox, CancellationToken cancellationToken = default);
}
