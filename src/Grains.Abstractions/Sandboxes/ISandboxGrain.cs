using Orleans.Concurrency;
using Podflare.Audit;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>
/// One sandbox: it owns one container's lifecycle, the numbering of its events and its runs. Key: the sandbox id. Every method that a
/// request can reach takes the tenant and throws <see cref="SandboxNotFoundException"/> for another's sandbox.
/// </summary>
[Alias("podflare.ISandboxGrain")]
public interface ISandboxGrain : IGrainWithStringKey
{
    /// <summary>
    /// Activates the grain while its host starts the container, so that <see cref="Create"/> does not wait for the activation, the grain
    /// directory and the records. Only an optimization.
    /// </summary>
    [OneWay, AlwaysInterleave, Alias("Prepare")]
    Task Prepare();

    /// <summary>Takes the lease of a claimed container and becomes a sandbox. The same creation id returns the same sandbox again.</summary>
    /// <param name="creation">Random, or derived from the idempotency key.</param>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    /// <exception cref="SandboxTakenException">Another creation has it.</exception>
    /// <exception cref="LeaseGoneException">No living lease: claim again.</exception>
    [Alias("Create")]
    Task<SandboxInfo> Create(string creation, TenantId tenant, SandboxSpec spec, CancellationToken cancellationToken = default);

    /// <summary>The sandbox, also for 24 h after its end.</summary>
    [AlwaysInterleave, Alias("Get")]
    Task<SandboxInfo> Get(TenantId tenant);

    /// <summary>
    /// How to recognize clients of the sandbox that have no API key. Takes no tenant, because the caller is not known yet: a request goes no further
    /// than this before it has shown a token.
    /// </summary>
    /// <exception cref="SandboxNotFoundException">There is no such sandbox.</exception>
    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    [AlwaysInterleave, Alias("GetCredentials")]
    Task<SandboxCredentials> GetCredentials();

    /// <summary>As <see cref="GetCredentials"/>; a sandbox without a secret gets one, which it keeps. Safe to repeat.</summary>
    /// <exception cref="StorageUnavailableException">The secret could not be stored.</exception>
    [AlwaysInterleave, Alias("EnsureCredentials")]
    Task<SandboxCredentials> EnsureCredentials(TenantId tenant, CancellationToken cancellationToken = default);

    /// <summary>What the sandbox has used since its worker has it, as samples. They come more often for a minute after this.</summary>
    /// <param name="from">Only samples from here on; null for all.</param>
    /// <param name="to">Only samples up to here; null for all.</param>
    /// <exception cref="SandboxUnreachableException">Its worker is away.</exception>
    [AlwaysInterleave, Alias("GetMetrics")]
    Task<SandboxMetrics> GetMetrics(TenantId tenant, DateTimeOffset? from, DateTimeOffset? to, CancellationToken cancellationToken = default);

    /// <summary>
    /// Accepts a run, or joins the one that has this id; returns when the guest holds it. Safe to repeat.
    /// </summary>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    /// <exception cref="IdempotencyKeyReusedException">The id belongs to another payload.</exception>
    /// <exception cref="RunQueueFullException">Too many open runs, or too many that watch files.</exception>
    /// <exception cref="NotOfferedException">The guest is too old for this kind of run.</exception>
    /// <exception cref="Contexts.ContextNotFoundException">There is no such context.</exception>
    /// <exception cref="Contexts.ContextQuotaExceededException">A fresh interpreter would be one too many.</exception>
    /// <exception cref="WatchPathNotFoundException">The path to watch does not exist.</exception>
    /// <exception cref="WatchTooLargeException">There are too many folders below it.</exception>
    /// <exception cref="SandboxUnreachableException">The guest does not answer at the moment.</exception>
    /// <exception cref="StorageUnavailableException">The run record could not be written; nothing was started.</exception>
    [AlwaysInterleave, Alias("StartRun")]
    Task<RunAccepted> StartRun(TenantId tenant, RunId run, RunRequest request, CancellationToken cancellationToken = default);

    [AlwaysInterleave, Alias("GetRun")]
    Task<RunInfo> GetRun(TenantId tenant, RunId run);

    /// <summary>The spans of a run.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    [AlwaysInterleave, Alias("GetRunTrace")]
    Task<RunTraceData> GetRunTrace(TenantId tenant, RunId run);

    /// <summary>The ids of the last 256 runs at most, oldest first. The background run is not among them.</summary>
    [AlwaysInterleave, Alias("ListRuns")]
    Task<IReadOnlyList<RunId>> ListRuns(TenantId tenant);

    /// <summary>Runs, newest first, of the last 256; see <see cref="RunFilter"/>.</summary>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    [AlwaysInterleave, Alias("ListRunInfos")]
    Task<RunPage> ListRuns(TenantId tenant, RunFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Events after <paramref name="afterSeq"/>, one page; null when there is nothing newer yet.</summary>
    /// <remarks>Of an ended run, a reader at or behind its last event gets the <c>exit</c> again.</remarks>
    /// <exception cref="EventsEvictedException">The log no longer has the next event.</exception>
    [AlwaysInterleave, Alias("ReadEvents")]
    Task<EventBatch?> ReadEvents(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken = default);

    /// <summary>Sends SIGINT to the run; returns when the guest has accepted the request. Does nothing if the run has ended.</summary>
    [AlwaysInterleave, Alias("Interrupt")]
    Task Interrupt(TenantId tenant, RunId run, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="Interrupt(TenantId, RunId, CancellationToken)"/>.</summary>
    /// <param name="grace">Time between the interrupt and the kill, 0 to 300 s; null for the run's own.</param>
    /// <exception cref="InvalidRequestException">The time is out of range.</exception>
    [AlwaysInterleave, Alias("InterruptWithGrace")]
    Task Interrupt(TenantId tenant, RunId run, TimeSpan? grace, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes to the standard input of a run. Safe to repeat where the chunk has an offset. Without one it must not be repeated after
    /// <see cref="SandboxUnreachableException"/>, because the bytes may have arrived.
    /// </summary>
    /// <returns>Bytes that were accepted in all.</returns>
    /// <exception cref="StdinClosedException">The run has no standard input, or its end was sent.</exception>
    /// <exception cref="StdinOffsetException">Bytes before these are missing.</exception>
    /// <exception cref="StdinFullException">Too many bytes wait to be read.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("WriteStdin")]
    Task<long> WriteStdin(TenantId tenant, RunId run, StdinChunk chunk, CancellationToken cancellationToken = default);

    /// <summary>Sends a signal to processes of a run; it may arrive twice where the connection to the guest breaks.</summary>
    /// <param name="signal">SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGUSR2, SIGTERM, SIGCONT, SIGSTOP or SIGWINCH.</param>
    /// <exception cref="InvalidRequestException">It is another one.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("Signal")]
    Task Signal(TenantId tenant, RunId run, string signal, SignalScope scope, CancellationToken cancellationToken = default);

    /// <summary>Changes the size of a run's terminal.</summary>
    /// <exception cref="InvalidRequestException">The size is out of range.</exception>
    /// <exception cref="NotATerminalException">The run has none.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("Resize")]
    Task Resize(TenantId tenant, RunId run, TerminalSize size, CancellationToken cancellationToken = default);

    /// <summary>Answers calls of tools that the code of a run has made. Safe to repeat: the first answer to a call counts.</summary>
    /// <returns>What became of each answer, in their order.</returns>
    /// <exception cref="InvalidRequestException">An answer is beyond its limit. None was accepted, and the calls stay open.</exception>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="NotOfferedException">The guest is too old.</exception>
    [AlwaysInterleave, Alias("AnswerToolCalls")]
    Task<ToolAnswerOutcome[]> AnswerToolCalls(TenantId tenant, RunId run, ToolAnswer[] answers, CancellationToken cancellationToken = default);

    /// <summary>Changes when the sandbox ends, or its metadata.</summary>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    [AlwaysInterleave, Alias("Update")]
    Task<SandboxInfo> Update(TenantId tenant, SandboxUpdate update, CancellationToken cancellationToken = default);

    /// <summary>Ends the sandbox; its open runs end with 137 <c>killed</c>. Safe to repeat. When it returns, the usage of the sandbox is complete.</summary>
    /// <param name="origin">The caller who deletes it; null for an unknown caller.</param>
    [AlwaysInterleave, Alias("Delete")]
    Task Delete(TenantId tenant, AuditOrigin? origin = null);

    /// <summary>The host has found this sandbox's container. The sandbox takes it over, or lets the host remove it.</summary>
    /// <returns>The sandbox, or null when the container belongs to no living sandbox.</returns>
    [AlwaysInterleave, Alias("Adopt")]
    Task<SandboxInfo?> Adopt(string containerId);

    /// <summary>The container or the host is gone for good: the sandbox ends with reason <c>lost</c>, or <c>oom</c> where its memory was full, unless its guest is connected. Safe to repeat.</summary>
    /// <returns>True when this call has ended it.</returns>
    [AlwaysInterleave, Alias("DeclareLost")]
    Task<bool> DeclareLost();
}
