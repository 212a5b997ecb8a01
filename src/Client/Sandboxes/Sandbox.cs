using System.Globalization;
using System.Runtime.CompilerServices;

namespace Podflare;

/// <summary>A sandbox: an isolated container with a Python interpreter that keeps its state, bash, and files.</summary>
/// <remarks>
/// Disposing a sandbox that this client created deletes it on the server; see <see cref="DeleteOnDispose"/>. To test code that uses this class,
/// derive from it and override what the code calls.
/// </remarks>
/// <example>
/// <code>
/// await using var sandbox = await client.CreateSandboxAsync(new SandboxOptions { Template = "default" });
/// await foreach (var e in sandbox.RunStreamAsync("for i in range(3): print(i)"))
/// {
///     if (e is StdoutEvent stdout) Console.Write(stdout.Data);
/// }
/// </code>
/// </example>
public class Sandbox : IAsyncDisposable
{
    private const string BackgroundRun = "background";
    private readonly SandboxScope? _scopeOrNull;
    private readonly SandboxFiles? _files;
    private readonly SandboxContexts? _contexts;

    internal Sandbox(SandboxScope scope, SandboxInfo? info, IReadOnlyList<string> warnings, bool deleteOnDispose)
    {
        (_scopeOrNull, Info, Warnings, DeleteOnDispose) = (scope, info, warnings, deleteOnDispose);
        _files = new SandboxFiles(scope);
        _contexts = new SandboxContexts(scope);
    }

    /// <summary>For derived classes in tests. Members that need a server throw unless they are overridden.</summary>
    protected Sandbox() => Warnings = [];

    /// <summary>The sandbox's ID: <c>sbx_</c> and 32 hex digits.</summary>
    public virtual string Id => Scope.Id;

    /// <summary>The server's answer to the create; null for a sandbox that was attached by ID.</summary>
    public virtual SandboxInfo? Info { get; }

    /// <summary>What the server changed or did not grant when it created the sandbox. Each warning is also logged.</summary>
    public virtual IReadOnlyList<string> Warnings { get; }

    /// <summary>Whether an earlier call with the same <see cref="SandboxOptions.IdempotencyKey"/> created the sandbox.</summary>
    public bool WasReplayed { get; internal init; }

    /// <summary>The trace of the create call, 32 hex digits; null for a sandbox that was attached by ID.</summary>
    public string? TraceId { get; internal init; }

    /// <summary>The contexts of the sandbox: interpreters with variables of their own.</summary>
    public virtual SandboxContexts Contexts => _contexts ?? throw SandboxScope.Missing(nameof(Contexts));

    /// <summary>The files in the sandbox.</summary>
    public virtual SandboxFiles Files => _files ?? throw SandboxScope.Missing(nameof(Files));

    /// <summary>Whether <see cref="DisposeAsync"/> deletes the sandbox on the server. Default: true if this client created it, false if it was attached.</summary>
    public virtual bool DeleteOnDispose { get; set; }

    private SandboxScope Scope => _scopeOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Runs code and waits for it to end. Cancellation interrupts the run on the server.</summary>
    /// <returns>The result. Code that fails is a result with a nonzero exit code, not an exception.</returns>
    /// <exception cref="StreamBrokenException">The connection was lost and could not be resumed. The run continues.</exception>
    /// <exception cref="PodflareApiException">The server did not start the run.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual Task<RunResult> RunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).RunAsync((options ?? new RunOptions()).ToStart(code), cancellationToken);

    /// <summary>Runs Python code that may call tools of this program, and waits for it to end; see <see cref="RunOptions.Tools"/>.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public virtual Task<RunResult> RunCodeAsync(string code, IReadOnlyList<SandboxTool> tools, RunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tools);
        return RunAsync(code, (options ?? new RunOptions()) with { Tools = tools }, cancellationToken);
    }

    /// <summary>
    /// Runs code and delivers its output as it is written: each event once, in order, up to the exit. A lost connection is resumed.
    /// Cancellation interrupts the run on the server. Leaving the loop early does not: the run continues without a reader.
    /// <see cref="RunOptions.OnStarted"/> provides the run's ID and warnings.
    /// </summary>
    /// <exception cref="StreamBrokenException">The connection was lost and could not be resumed. The run continues.</exception>
    /// <exception cref="PodflareApiException">The server did not start the run.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual IAsyncEnumerable<SandboxEvent> RunStreamAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StreamAsync((options ?? new RunOptions()).ToStart(code), cancellationToken);

    /// <summary>
    /// Starts code and returns once the server has accepted it. <see cref="SandboxRun.ReadEventsAsync"/> reads its events. Cancellation of this
    /// call interrupts the run; after it returned, use <see cref="SandboxRun.InterruptAsync"/>.
    /// </summary>
    /// <exception cref="PodflareApiException">The server did not start the run.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual Task<SandboxRun> StartRunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StartAsync((options ?? new RunOptions()).ToStart(code), cancellationToken);

    /// <summary>Runs a program and waits for it to end. It does not wait for code that is running. Cancellation interrupts it on the server.</summary>
    /// <returns>The result. A program that cannot be executed ends with 127 (not found) or 126.</returns>
    /// <inheritdoc cref="RunAsync"/>
    public virtual Task<RunResult> RunProcessAsync(ProcessCommand command, ProcessOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).RunAsync((options ?? new ProcessOptions()).ToStart(command), cancellationToken);

    /// <summary>Runs a program and delivers its events as they occur; see <see cref="RunStreamAsync"/>.</summary>
    public virtual IAsyncEnumerable<SandboxEvent> RunProcessStreamAsync(ProcessCommand command, ProcessOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StreamAsync((options ?? new ProcessOptions()).ToStart(command), cancellationToken);

    /// <summary>Starts a program and returns once the server has accepted it; see <see cref="StartRunAsync"/>. It runs until it ends or is ended.</summary>
    public virtual Task<SandboxRun> StartProcessAsync(ProcessCommand command, ProcessOptions? options = null, CancellationToken cancellationToken = default) =>
        new RunLauncher(Scope).StartAsync((options ?? new ProcessOptions()).ToStart(command), cancellationToken);

    /// <summary>Starts a program on a terminal.</summary>
    /// <returns>The terminal. Disposing it kills its processes; see <see cref="SandboxTerminal.KillOnDispose"/>.</returns>
    public virtual async Task<SandboxTerminal> OpenTerminalAsync(TerminalOptions? options = null, CancellationToken cancellationToken = default)
    {
        var run = await new RunLauncher(Scope).StartAsync((options ?? new TerminalOptions()).ToStart(), cancellationToken).ConfigureAwait(false);
        return new SandboxTerminal(run, Scope.Transport, after: 0, killOnDispose: true);
    }

    /// <summary>Returns a terminal that was opened earlier or elsewhere. Nothing is sent, and disposing the result kills nothing.</summary>
    /// <param name="terminalId">The ID of the terminal's run.</param>
    /// <param name="after">The <c>seq</c> to read after; 0 reads everything that is stored.</param>
    public virtual SandboxTerminal AttachTerminal(string terminalId, long after = 0) =>
        new(GetRun(terminalId), Scope.Transport, after, killOnDispose: false);

    /// <summary>Lists the runs of the sandbox, newest first, requesting page after page as needed.</summary>
    public virtual async IAsyncEnumerable<RunInfo> ListRunsAsync(RunQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var page = await Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get, (query ?? new RunQuery()).ToPath(cursor)), ClientJson.Default.RunPage, cancellationToken).ConfigureAwait(false);
            foreach (var run in page.Runs) yield return run;
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Reads what ended runs still write: the output of threads and processes that outlived their run. It ends with the sandbox.</summary>
    /// <inheritdoc cref="SandboxRun.ReadEventsAsync"/>
    public virtual IAsyncEnumerable<SandboxEvent> ReadBackgroundAsync(long after = 0, bool follow = false, CancellationToken cancellationToken = default) =>
        GetRun(BackgroundRun).ReadEventsAsync(after, follow, cancellationToken);

    /// <summary>Interrupts the code that is running in a context; see <see cref="CodeContext.InterruptAsync"/>.</summary>
    public virtual Task<IReadOnlyList<string>> InterruptAsync(string context = "python", bool queued = false, CancellationToken cancellationToken = default) =>
        Contexts.Get(context).InterruptAsync(queued, cancellationToken: cancellationToken);

    /// <summary>Returns a run that was started earlier or elsewhere. Nothing is sent.</summary>
    /// <exception cref="ArgumentException">The ID is empty or an address.</exception>
    public virtual SandboxRun GetRun(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        ArgumentChecks.NotAddress(runId, nameof(runId), "a run ID");
        return new SandboxRun(Scope, runId);
    }

    /// <summary>Returns the last 1,000 events of the sandbox over all its runs, oldest first.</summary>
    public virtual Task<IReadOnlyList<ReplayedEvent>> ReplayAsync(CancellationToken cancellationToken = default)
    {
        // A replay has no total time limit; the line reader limits the silence between its bytes.
        return Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get, "replay"), (response, _) => ReadReplayAsync(response, cancellationToken), cancellationToken);
    }

    /// <summary>Gets the current state of the sandbox.</summary>
    public virtual Task<SandboxInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get), ClientJson.Default.SandboxInfo, cancellationToken);

    /// <summary>Gets what the sandbox uses over time. For a minute after this, the server measures more often.</summary>
    /// <param name="since">Only points from this time on; null for all that the server has.</param>
    /// <param name="until">Only points up to this time; null for all that the server has.</param>
    public virtual Task<SandboxMetrics> GetMetricsAsync(DateTimeOffset? since = null, DateTimeOffset? until = null, CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Scope.Call(HttpMethod.Get, QueryPath.Of("metrics", ("start", Milliseconds(since)), ("end", Milliseconds(until)))), ClientJson.Default.SandboxMetrics, cancellationToken);

    /// <summary>Lists what the service logged about the sandbox, oldest first: its creation, its runs, why it ended. It works for a day after the sandbox's end.</summary>
    /// <param name="follow">Waits for further lines until the caller stops.</param>
    public virtual IAsyncEnumerable<SandboxLogLine> ReadLogsAsync(bool follow = false, CancellationToken cancellationToken = default) => SandboxLogReader.ReadAsync(Scope, follow, cancellationToken);

    /// <summary>Changes the time limits or the metadata of the sandbox.</summary>
    /// <returns>The sandbox after the change. Its warnings say what was reduced.</returns>
    public virtual Task<SandboxInfo> UpdateAsync(SandboxUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        var body = update.ToJson();
        return Scope.Transport.CallAsync(Scope.Call(HttpMethod.Patch) with { Content = () => SandboxScope.Json(body) }, ClientJson.Default.SandboxInfo, cancellationToken);
    }

    /// <summary>Deletes the sandbox, including running code and files. Deleting it again succeeds.</summary>
    public virtual Task DeleteAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Scope.Call(HttpMethod.Delete), cancellationToken);

    /// <summary>Deletes the sandbox if <see cref="DeleteOnDispose"/> is true. A failure is logged, not thrown: the server ends idle sandboxes.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!DeleteOnDispose) return;
        DeleteOnDispose = false;
        using var limit = new CancellationTokenSource(Scope.Transport.Options.AnswerTimeout, Scope.Transport.Time);
        try
        {
            await DeleteAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
            // Throwing here would hide an exception that leaves the using block.
            Log.NotDeleted(Scope.Transport.Logger, Id, e.Message);
        }
    }

    private static string? Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private async Task<IReadOnlyList<ReplayedEvent>> ReadReplayAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var replayed = new List<ReplayedEvent>();
        using var lines = await LineReader.OpenAsync(response, Scope.Transport.Options, Scope.Transport.Time, cancellationToken).ConfigureAwait(false);
        while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
        {
            if (EventParser.Parse(line.Span) is { Event: { } e } parsed) replayed.Add(new ReplayedEvent { RunId = parsed.RunId, Event = e });
        }

        return replayed;
    }
}
