using System.Diagnostics;

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
    private readonly SandboxContext? _contextOrNull;
    private readonly Activity? _span;
    private HttpResponseMessage? _opened;

    internal SandboxRun(SandboxContext context, string id, HttpResponseMessage? opened = null, Activity? span = null)
    {
        (_contextOrNull, Id, _opened, _span) = (context, id, opened, span);
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
    public virtual string SandboxId => Context.Id;

    /// <summary>The trace that the run belongs to, 32 hex digits; null for a run that this object did not start.</summary>
    public virtual string? TraceId { get; }

    /// <summary>Whether the run started in a new Python interpreter because the previous one had died; false for a run that this object did not start.</summary>
    public virtual bool ReplRestarted { get; }

    /// <summary>Whether an earlier call with the same <see cref="RunOptions.IdempotencyKey"/> started the run.</summary>
    public virtual bool WasReplayed { get; }

    /// <summary>What the server changed, for example a timeout that was reduced to the maximum.</summary>
    public virtual IReadOnlyList<string> Warnings { get; }

    private SandboxContext Context => _contextOrNull ?? throw SandboxContext.Missing("This member");

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
        return new EventReader(Context, Id, _span).ReadAsync(TakeOpened, after, follow, cancellationToken);
    }

    /// <summary>Gets the current state of the run, or how it ended.</summary>
    public virtual Task<RunInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(Context.Call(HttpMethod.Get, $"runs/{Uri.EscapeDataString(Id)}"), ClientJson.Default.RunInfo, cancellationToken);

    /// <summary>Interrupts the run with SIGINT and keeps the sandbox's state. A run that ignores the signal is killed. Succeeds if the run has just ended.</summary>
    public virtual Task InterruptAsync(CancellationToken cancellationToken = default) =>
        Context.Transport.CallAsync(Context.Call(HttpMethod.Post, $"runs/{Uri.EscapeDataString(Id)}/interrupt") with { Span = _span }, cancellationToken);

    /// <summary>Closes the connection if the events were not read. The run continues.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the connection if the events were not read.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) TakeOpened()?.Dispose();
    }

    private HttpResponseMessage? TakeOpened() => Interlocked.Exchange(ref _opened, null);
}
