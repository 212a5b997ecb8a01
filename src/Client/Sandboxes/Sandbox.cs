using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Podflare;

/// <summary>One sandbox. Disposing it deletes the sandbox on the server where this client made it; see <see cref="DeleteOnDispose"/>.</summary>
public sealed class Sandbox : IAsyncDisposable
{
    private readonly SandboxContext _context;

    internal Sandbox(SandboxContext context, SandboxInfo? info, IReadOnlyList<string> warnings, bool deleteOnDispose)
    {
        (_context, Info, Warnings, DeleteOnDispose) = (context, info, warnings, deleteOnDispose);
        Files = new SandboxFiles(context);
    }

    /// <summary>The sandbox's id: <c>sbx_</c> and 32 hex digits.</summary>
    public string Id => _context.Id;

    /// <summary>What the server said when it was made; null for one that was attached by id.</summary>
    public SandboxInfo? Info { get; }

    /// <summary>What was accepted leniently, brought down to a limit, or is not offered.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The sandbox's files.</summary>
    public SandboxFiles Files { get; }

    /// <summary>Whether <see cref="DisposeAsync"/> deletes it on the server. Default: true where this client made it, false where it was attached.</summary>
    public bool DeleteOnDispose { get; set; }

    /// <summary>Runs code and waits for its end. Cancelling interrupts the run on the server.</summary>
    /// <returns>The outcome, also of code that failed: only what is no outcome throws.</returns>
    /// <exception cref="StreamBrokenException">The connection broke and could not be resumed; the run goes on.</exception>
    /// <exception cref="PodflareApiException">The server refused to start it.</exception>
    public async Task<RunResult> RunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default)
    {
        var result = new ResultBuilder(_context.Transport.Options.MaxResultCharacters);
        SandboxRun? run = null;
        ExitEvent? exit = null;
        await foreach (var e in RunAsync(code, options, started => run = started, cancellationToken).ConfigureAwait(false))
        {
            result.Add(e);
            exit = e as ExitEvent;
        }

        return result.Build(run!, exit!);
    }

    /// <summary>
    /// Runs code and delivers its output as it is written, each event once and in order, up to the exit; a broken connection is resumed.
    /// Cancelling interrupts the run on the server. Leaving the loop early does not: the run goes on without a reader.
    /// </summary>
    /// <exception cref="StreamBrokenException">The connection broke and could not be resumed; the run goes on.</exception>
    /// <exception cref="PodflareApiException">The server refused to start it.</exception>
    public IAsyncEnumerable<SandboxEvent> RunStreamAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        RunAsync(code, options, static _ => { }, cancellationToken);

    /// <summary>
    /// Starts code and returns when the server has accepted it; <see cref="SandboxRun.ReadEventsAsync"/> gives its events. Cancelling this call
    /// interrupts the run; afterwards it is in the hands of <see cref="SandboxRun.InterruptAsync"/>.
    /// </summary>
    /// <exception cref="PodflareApiException">The server refused to start it.</exception>
    public Task<SandboxRun> StartRunAsync(string code, RunOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(ExecCall(code, options), span: null, cancellationToken);

    /// <summary>A run that was started earlier or elsewhere. Nothing is sent.</summary>
    public SandboxRun GetRun(string runId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(runId);
        return new SandboxRun(_context, runId);
    }

    /// <summary>The last 1,000 events of the sandbox, over all its runs, oldest first.</summary>
    public Task<IReadOnlyList<ReplayedEvent>> ReplayAsync(CancellationToken cancellationToken = default)
    {
        // A replay may take its time, as long as bytes move: the reader watches that.
        return _context.Transport.CallAsync(_context.Call(HttpMethod.Get, "replay"), (response, _) => ReadReplayAsync(response, cancellationToken), cancellationToken);
    }

    /// <summary>Asks how the sandbox is.</summary>
    public Task<SandboxInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(_context.Call(HttpMethod.Get), ClientJson.Default.SandboxInfo, cancellationToken);

    /// <summary>Deletes the sandbox with all that runs and lies in it. Also fine when it is deleted already.</summary>
    public Task DeleteAsync(CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(_context.Call(HttpMethod.Delete), cancellationToken);

    /// <summary>Deletes the sandbox where <see cref="DeleteOnDispose"/> says so. A failure is logged, not thrown: the server ends it when it is idle.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!DeleteOnDispose) return;
        DeleteOnDispose = false;
        using var limit = new CancellationTokenSource(_context.Transport.Options.AnswerTimeout, _context.Transport.Time);
        try
        {
            await DeleteAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException)
        {
            // It would hide the exception for which the block is left.
            Log.NotDeleted(_context.Transport.Logger, Id, e.GetType().Name);
        }
    }

    private async IAsyncEnumerable<SandboxEvent> RunAsync(
        string code, RunOptions? options, Action<SandboxRun> started, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var call = ExecCall(code, options);
        using var span = StartSpan(options);
        SandboxRun run;
        try
        {
            run = await StartAsync(call with { Span = span }, span, cancellationToken).ConfigureAwait(false);
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
                    if (!await events.MoveNextAsync().ConfigureAwait(false)) throw new UnreachableException("Reading ends with an exit or throws.");
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
            // Also when the caller noticed the cancellation itself, between two events.
            if (!ended && cancellationToken.IsCancellationRequested) await InterruptAsync(run).ConfigureAwait(false);
        }
    }

    private Activity? StartSpan(RunOptions? options)
    {
        var span = ClientTracing.Start(ClientTracing.RunSpan, _context.TraceParent ?? _context.Transport.TraceParent);
        span?.SetTag(ClientTracing.SandboxId, Id);
        span?.SetTag(ClientTracing.Language, Language(options));
        return span;
    }

    private ApiCall ExecCall(string code, RunOptions? options)
    {
        ArgumentException.ThrowIfNullOrEmpty(code);
        Checks.Text(code, nameof(code));
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new ExecBody(code, Language(options), Checks.Seconds(options?.Timeout, nameof(RunOptions.Timeout)), options?.Env), ClientJson.Default.ExecBody);
        return _context.Call(HttpMethod.Post, $"exec?heartbeat={_context.Transport.Options.HeartbeatInterval.TotalSeconds:0}") with
        {
            Content = () => Json(body),
            IdempotencyKey = Checks.Key(options?.IdempotencyKey),
        };
    }

    private async Task<SandboxRun> StartAsync(ApiCall call, Activity? span, CancellationToken cancellationToken)
    {
        var response = await _context.Transport.CallUndoablyAsync(
            call, static (answer, _) => Task.FromResult(answer), (answer, token) => ToRun(answer, span: null).InterruptAsync(token), cancellationToken).ConfigureAwait(false);
        var run = ToRun(response, span);
        span?.SetTag(ClientTracing.RunId, run.Id);
        return run;
    }

    private SandboxRun ToRun(HttpResponseMessage response, Activity? span)
    {
        if (response.Headers.TryGetValues("Podflare-Run-Id", out var ids) && ids.FirstOrDefault() is { Length: > 0 } id) return new SandboxRun(_context, id, response, span);
        response.Dispose();
        throw new PodflareProtocolException("The server's answer to an exec does not name the run.");
    }

    private async Task InterruptAsync(SandboxRun run)
    {
        using var limit = new CancellationTokenSource(_context.Transport.Options.InterruptTimeout, _context.Transport.Time);
        try
        {
            await run.InterruptAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException)
        {
            Log.NotUndone(_context.Transport.Logger, $"run {run.Id}", e.GetType().Name);
        }
    }

    private async Task<IReadOnlyList<ReplayedEvent>> ReadReplayAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var replayed = new List<ReplayedEvent>();
        using var lines = await LineReader.OpenAsync(response, _context.Transport.Options, _context.Transport.Time, cancellationToken).ConfigureAwait(false);
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
        { } other => throw new ArgumentOutOfRangeException(nameof(options), other, "This is no language."),
    };

    internal static ByteArrayContent Json(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
}
