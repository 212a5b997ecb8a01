using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Podflare;

/// <summary>
/// A run. It does not depend on this object or on any connection: disposing the object does not stop the run, and anyone who knows its ID can
/// read its events again.
/// </summary>
/// <example>
/// <code>
/// using var run = await sandbox.StartRunAsync("import time; time.sleep(60)");
/// await run.InterruptAsync();
/// await foreach (var e in run.ReadEventsAsync()) Console.WriteLine(e);
/// </code>
/// </example>
public class SandboxRun : IDisposable
{
    private readonly SandboxScope? _scopeOrNull;
    private readonly Activity? _span;
    private readonly StdinWriter? _stdin;
    private HttpResponseMessage? _opened;

    internal SandboxRun(SandboxScope scope, string id, HttpResponseMessage? opened = null, Activity? span = null)
    {
        (_scopeOrNull, Id, _opened, _span) = (scope, id, opened, span);
        _stdin = new StdinWriter(scope, id, isNew: opened is not null && !ResponseHeaders.WasReplayed(opened));
        Warnings = [];
        if (opened is null) return;
        TraceId = ResponseHeaders.TraceId(opened);
        ReplRestarted = ResponseHeaders.ReplRestarted(opened);
        WasReplayed = ResponseHeaders.WasReplayed(opened);
        Warnings = ResponseHeaders.Warnings(opened);
    }

    /// <summary>For derived classes in tests. Members that need a server throw unless they are overridden.</summary>
    protected SandboxRun() => (Id, Warnings) = ("", []);

    /// <summary>The run's ID.</summary>
    public virtual string Id { get; }

    /// <summary>The ID of the sandbox that it runs in.</summary>
    public virtual string SandboxId => Scope.Id;

    /// <summary>The trace that the run belongs to, 32 hex digits; null for a run that this object did not start.</summary>
    public virtual string? TraceId { get; }

    /// <summary>Whether the run started in a new Python interpreter because the previous one had died; false for a run that this object did not start.</summary>
    public virtual bool ReplRestarted { get; }

    /// <summary>Whether an earlier call with the same <see cref="RunOptions.IdempotencyKey"/> started the run.</summary>
    public virtual bool WasReplayed { get; }

    /// <summary>What the server changed, for example a timeout that was reduced to the maximum.</summary>
    public virtual IReadOnlyList<string> Warnings { get; }

    /// <summary>Whether a connection that read the events was lost.</summary>
    internal bool WasCut { get; private set; }

    private SandboxScope Scope => _scopeOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>
    /// Reads the run's events after <paramref name="after"/>: each once, in order, up to the exit. A lost connection is resumed after the last
    /// event that was delivered. Cancellation ends the reading, not the run.
    /// </summary>
    /// <param name="after">The <c>seq</c> to read after; 0 reads all events. After the last event, the exit is delivered again.</param>
    /// <param name="follow">Whether to wait for further events. If false, reading ends with the newest event, whether or not the run has ended.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="EventsEvictedException">The events are no longer stored.</exception>
    /// <exception cref="StreamBrokenException">The connection was lost and could not be resumed.</exception>
    public virtual IAsyncEnumerable<SandboxEvent> ReadEventsAsync(long after = 0, bool follow = true, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        // The response to the exec is the complete stream of the run.
        return new EventReader(Scope, Id, _span) { Cut = () => WasCut = true }.ReadAsync(TakeOpened, after, follow, cancellationToken);
    }

    /// <summary>Gets the current state of the run, or how it ended.</summary>
    public virtual Task<RunInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Call(HttpMethod.Get, ""), ClientJson.Default.RunInfo, cancellationToken);

    /// <summary>
    /// Gets the spans of the run as OTLP's <c>TracesData</c> in OTLP's JSON encoding, which tracing tools import. It needs no tracing backend. The spans
    /// of a run that has not ended have the attribute <c>podflare.run.open</c>.
    /// </summary>
    public virtual Task<JsonElement> GetTraceAsync(CancellationToken cancellationToken = default) =>
        Scope.Transport.CallAsync(Call(HttpMethod.Get, "/trace"), ClientJson.Default.JsonElement, cancellationToken);

    /// <summary>
    /// Interrupts the run with SIGINT and keeps the sandbox's state. A run that ignores the signal is killed. Succeeds if the run has just ended. On a
    /// terminal, the foreground program is interrupted.
    /// </summary>
    public virtual Task InterruptAsync(CancellationToken cancellationToken = default) => Scope.Transport.CallAsync(Call(HttpMethod.Post, "/interrupt"), cancellationToken);

    /// <summary>Interrupts the run with SIGINT, and kills it if it is still running after the given time.</summary>
    /// <param name="grace">0 to 300 s.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public virtual Task InterruptThenKillAsync(TimeSpan grace, CancellationToken cancellationToken = default) =>
        PostAsync("/interrupt", new InterruptBody(ArgumentChecks.SecondsOrZero(grace, nameof(grace)), null), ClientJson.Default.InterruptBody, cancellationToken);

    /// <summary>
    /// Writes to the run's standard input, which it must have been started with; see <see cref="RunOptions.Stdin"/>. Returns when the sandbox has all
    /// of the data. Lost calls are repeated without writing anything twice, as long as only this object writes.
    /// </summary>
    /// <param name="data">The data; may be empty.</param>
    /// <param name="endOfFile">Whether standard input is closed after the data. On a terminal, Ctrl-D is sent.</param>
    /// <param name="cancellationToken">Cancels the call. A part of the data may have been written.</param>
    /// <exception cref="StdinClosedException">Standard input is not open.</exception>
    /// <exception cref="RunEndedException">The run has ended.</exception>
    public virtual Task WriteStdinAsync(ReadOnlyMemory<byte> data, bool endOfFile = false, CancellationToken cancellationToken = default) =>
        data.IsEmpty && !endOfFile ? Task.CompletedTask : (_stdin ?? throw SandboxScope.Missing(nameof(WriteStdinAsync))).WriteAsync(data, endOfFile, cancellationToken);

    /// <summary>Writes a text as UTF-8 to the run's standard input.</summary>
    /// <inheritdoc cref="WriteStdinAsync"/>
    public virtual Task WriteStdinTextAsync(string text, bool endOfFile = false, CancellationToken cancellationToken = default) =>
        WriteStdinAsync(Encoding.UTF8.GetBytes(text), endOfFile, cancellationToken);

    /// <summary>
    /// Answers a <see cref="ToolRequestEvent"/>. The first answer to a call counts; a repeated one changes nothing. <see cref="Sandbox.RunCodeAsync"/> does
    /// this by itself.
    /// </summary>
    /// <param name="callId">The ID of the call.</param>
    /// <param name="content">The result, at most 1 MiB of JSON. A larger one is refused, and the call stays open.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="ToolCallClosedException">The call timed out, its code no longer waits, or the run has ended.</exception>
    /// <exception cref="ToolCallNotFoundException">The run has made no such call.</exception>
    public virtual Task AnswerToolCallAsync(string callId, JsonElement content, CancellationToken cancellationToken = default) =>
        AnswerAsync(new ToolCallAnswer(callId, content, null), cancellationToken);

    /// <summary>Answers a <see cref="ToolRequestEvent"/> with an error: the code gets a <c>ToolError</c>.</summary>
    /// <param name="callId">The ID of the call.</param>
    /// <param name="message">The message of the error.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <inheritdoc cref="AnswerToolCallAsync"/>
    public virtual Task FailToolCallAsync(string callId, string message, CancellationToken cancellationToken = default) =>
        AnswerAsync(new ToolCallAnswer(callId, null, new ToolFailure(message)), cancellationToken);

    internal Task AnswerAsync(ToolCallAnswer result, CancellationToken cancellationToken) =>
        PostAsync("/tool_results", new ToolResultsBody([result]), ClientJson.Default.ToolResultsBody, cancellationToken);

    /// <summary>Sends a signal. If the answer is lost and the call is repeated, the signal may arrive twice.</summary>
    /// <param name="signal">The signal.</param>
    /// <param name="scope">Which processes receive it. Default: the process group.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="RunEndedException">The run has ended; not with <see cref="SignalScope.All"/>.</exception>
    public virtual Task SignalAsync(RunSignal signal, SignalScope scope = SignalScope.Group, CancellationToken cancellationToken = default) => PostAsync(
        "/signal", new SignalBody(signal.WireName(), ArgumentChecks.Word(scope, nameof(scope))), ClientJson.Default.SignalBody, cancellationToken);

    /// <summary>Changes the size of the run's terminal.</summary>
    /// <param name="columns">1 to 1,000.</param>
    /// <param name="rows">1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="NotATerminalException">The run has no terminal.</exception>
    public virtual Task ResizeAsync(int columns, int rows, CancellationToken cancellationToken = default) =>
        PostAsync("/resize", ArgumentChecks.TerminalSize(columns, rows), ClientJson.Default.TerminalSizeBody, cancellationToken);

    /// <summary>Closes the connection if the events were not read. The run continues.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the connection if the events were not read.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing) return;
        TakeOpened()?.Dispose();
    }

    private ApiCall Call(HttpMethod method, string path) => Scope.Call(method, $"runs/{Uri.EscapeDataString(Id)}{path}") with { Span = _span };

    private Task PostAsync<T>(string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        return Scope.Transport.CallAsync(Call(HttpMethod.Post, path) with { Content = () => SandboxScope.Json(json) }, cancellationToken);
    }

    private HttpResponseMessage? TakeOpened() => Interlocked.Exchange(ref _opened, null);
}
