using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

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
    private readonly SandboxContext? _contextOrNull;
    private readonly SandboxFiles? _files;

    internal Sandbox(SandboxContext context, SandboxInfo? info, IReadOnlyList<string> warnings, bool deleteOnDispose)
    {
        (_contextOrNull, Info, Warnings, DeleteOnDispose) = (context, info, warnings, deleteOnDispose);
        _files = new SandboxFiles(context);
    }

    /// <summary>For derived classes in tests. Members that need a server throw unless they are overridden.</summary>
    protected Sandbox() => Warnings = [];

    /// <summary>The sandbox's ID: <c>sbx_</c> and 32 hex digits.</summary>
    public virtual string Id => Context.Id;

    /// <summary>The server's answer to the create; null for a sandbox that was attached by ID.</summary>
    public virtual SandboxInfo? Info { get; }

    /// <summary>What the server changed or did not grant when it created the sandbox. Each warning is also logged.</summary>
    public virtual IReadOnlyList<string> Warnings { get; }

    /// <summary>Whether an earlier call with the same <see cref="SandboxOptions.IdempotencyKey"/> created the sandbox.</summary>
    public bool WasReplayed { get; internal init; }

    /// <summary>The trace of the create call, 32 hex digits; null for a sandbox that was attached by ID.</summary>
    public string? TraceId { get; internal init; }

    /// <summary>The files in the sandbox.</summary>
    public virtual SandboxFiles Files => _files ?? throw SandboxContext.Missing(nameof(Files));

    /// <summary>Whether <see cref="DisposeAsync"/> deletes the sandbox on the server. Default: true if this client created it, false if it was attached.</summary>
    public virtual bool DeleteOnDispose { get; set; }

    private SandboxContext Context => _contextOrNull ?? throw SandboxContext.Missing("This member");

    /// <summary>Runs code and waits for it to end. Cancellation interrupts the run on the server.</summary>
    /// <returns>The result. Code that fails is a result with a nonzero exit code, not an exception.</returns>
    /// <exception cref="StreamBrokenException">The connection was lost and could not be resumed. The run continues.</exception>
    /// <exception cref="PodflareApiException">The server did not start the run.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual async Task<RunResult> RunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default)
    {
        var result = new ResultBuilder(Context.Transport.Options.MaxResultCharacters, options?.Timeout?.TotalSeconds);
        SandboxRun? run = null;
        ExitEvent? exit = null;
        await foreach (var e in StreamAsync(code, options, started => run = started, cancellationToken).ConfigureAwait(false))
        {
            result.Add(e);
            exit = e as ExitEvent;
        }

        return result.Build(run!, exit!);
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
        StreamAsync(code, options, static _ => { }, cancellationToken);

    /// <summary>
    /// Starts code and returns once the server has accepted it. <see cref="SandboxRun.ReadEventsAsync"/> reads its events. Cancellation of this
    /// call interrupts the run; after it returned, use <see cref="SandboxRun.InterruptAsync"/>.
    /// </summary>
    /// <exception cref="PodflareApiException">The server did not start the run.</exception>
    /// <exception cref="PodflareConnectionException">The server cannot be reached.</exception>
    public virtual Task<SandboxRun> StartRunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(ExecCall(code, options), options, span: null, cancellationToken);

    /// <summary>Returns a run that was started earlier or elsewhere. Nothing is sent.</summary>
    /// <exception cref="ArgumentException">The ID is empty or an address.</exception>
    public virtual SandboxRun GetRun(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        ArgumentChecks.NotAddress(runId, nameof(runId), "a run ID");
        return new SandboxRun(Context, runId);
    }

    /// <summary>Returns the last 1,000 events of the sandbox over all its runs, oldest first.</summary>
    public virtual Task<IReadOnlyList<ReplayedEvent>> ReplayAsync(CancellationToken cancellationToken = default)
    {
        // A replay has no total time limit; the line reader limits the silence between its bytes.
        return Context.Transport.CallAsync(Context.Call(HttpMethod.Get, "replay"), (response, _) => ReadReplayAsync(response, cancellationToken), cancellationToken);
    }

    /// <summary>Gets the current state of the sandbox.</summary>
    public virtual Task<SandboxInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(Context.Call(HttpMethod.Get), ClientJson.Default.SandboxInfo, cancellationToken);

    /// <summary>Deletes the sandbox, including running code and files. Deleting it again succeeds.</summary>
    public virtual Task DeleteAsync(CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(Context.Call(HttpMethod.Delete), cancellationToken);

    /// <summary>Deletes the sandbox if <see cref="DeleteOnDispose"/> is true. A failure is logged, not thrown: the server ends idle sandboxes.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!DeleteOnDispose) return;
        DeleteOnDispose = false;
        using var limit = new CancellationTokenSource(Context.Transport.Options.AnswerTimeout, Context.Transport.Time);
        try
        {
            await DeleteAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
            // Throwing here would hide an exception that leaves the using block.
            Log.NotDeleted(Context.Transport.Logger, Id, e.Message);
        }
    }

    private async IAsyncEnumerable<SandboxEvent> StreamAsync(
        string code, RunOptions? options, Action<SandboxRun> started, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var call = ExecCall(code, options);
        using var span = StartSpan(options);
        SandboxRun run;
        try
        {
            run = await StartAsync(call with { Span = span }, options, span, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            span.Fail(e);
            throw;
        }

        using var _ = run;
        started(run);
        await using var events = run.ReadEventsAsync(cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        var ended = false;
        try
        {
            while (!ended)
            {
                try
                {
                    if (!await events.MoveNextAsync().ConfigureAwait(false)) throw new UnreachableException("Reading ends with an exit event or throws.");
                }
                catch (Exception e)
                {
                    span.Fail(e);
                    throw;
                }

                if (events.Current is ExitEvent exit)
                {
                    ended = true;
                    span?.SetTag(ClientTracing.ExitCode, exit.Code);
                    span?.SetTag(ClientTracing.Reason, exit.Reason?.ToString().ToLowerInvariant());
                }

                yield return events.Current;
            }
        }
        finally
        {
            // This includes a caller that noticed the cancellation itself, between two events.
            if (!ended && cancellationToken.IsCancellationRequested) await InterruptAsync(run).ConfigureAwait(false);
        }
    }

    private Activity? StartSpan(RunOptions? options)
    {
        var span = ClientTracing.Start(ClientTracing.RunSpan, Context.TraceParent ?? Context.Transport.TraceParent);
        span?.SetTag(ClientTracing.SandboxId, Id);
        span?.SetTag(ClientTracing.Language, Language(options));
        return span;
    }

    private ApiCall ExecCall(string code, RunOptions? options)
    {
        ArgumentException.ThrowIfNullOrEmpty(code);
        ArgumentChecks.Unicode(code, nameof(code));
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new ExecBody(code, Language(options), ArgumentChecks.Seconds(options?.Timeout, nameof(RunOptions.Timeout)), options?.Env), ClientJson.Default.ExecBody);
        return Context.Call(HttpMethod.Post, $"exec?heartbeat={Context.Transport.Options.HeartbeatInterval.TotalSeconds:0}") with
        {
            Content = () => Json(body),
            IdempotencyKey = ArgumentChecks.KeyOrNew(options?.IdempotencyKey),
        };
    }

    private async Task<SandboxRun> StartAsync(ApiCall call, RunOptions? options, Activity? span, CancellationToken cancellationToken)
    {
        var transport = Context.Transport;
        var response = await transport.CallWithUndoAsync(
            call,
            static (answer, _) => Task.FromResult(answer),
            (answer, token) => ToRun(answer, span: null).InterruptAsync(token),
            cause => Log.ExecNotUndone(transport.Logger, cause),
            cancellationToken).ConfigureAwait(false);
        var run = ToRun(response, span);
        span?.SetTag(ClientTracing.RunId, run.Id);
        foreach (var warning in run.Warnings) Log.RunWarning(transport.Logger, run.Id, warning);
        if (run.ReplRestarted) Log.RunWarning(transport.Logger, run.Id, "the Python interpreter was restarted; variables and imports of earlier runs are gone");
        options?.OnStarted?.Invoke(run);
        return run;
    }

    private SandboxRun ToRun(HttpResponseMessage response, Activity? span)
    {
        if (ResponseHeaders.RunId(response) is { } id) return new SandboxRun(Context, id, response, span);
        response.Dispose();
        throw new PodflareProtocolException("The server's answer to an exec does not name the run.");
    }

    private async Task InterruptAsync(SandboxRun run)
    {
        using var limit = new CancellationTokenSource(Context.Transport.Options.InterruptTimeout, Context.Transport.Time);
        try
        {
            await run.InterruptAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
            Log.NotInterrupted(Context.Transport.Logger, run.Id, Context.Transport.UndoFailure(e));
        }
    }

    private async Task<IReadOnlyList<ReplayedEvent>> ReadReplayAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var replayed = new List<ReplayedEvent>();
        using var lines = await LineReader.OpenAsync(response, Context.Transport.Options, Context.Transport.Time, cancellationToken).ConfigureAwait(false);
        while (await lines.ReadAsync().ConfigureAwait(false) is { } line)
        {
            if (EventParser.Parse(line.Span) is { Event: { } e, RunId: { } run }) replayed.Add(new ReplayedEvent { RunId = run, Event = e });
        }

        return replayed;
    }

    private static string Language(RunOptions? options) => options?.Language switch
    {
        null or RunLanguage.Python => "python",
        RunLanguage.Bash => "bash",
        { } other => throw new ArgumentOutOfRangeException(nameof(options), other, "The language is not supported."),
    };

    internal static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}
