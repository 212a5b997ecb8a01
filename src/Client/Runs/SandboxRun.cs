using System.Diagnostics;

namespace Podflare;

/// <summary>
/// A run, and the way to its events. It outlives this object and every connection: dropping it stops nothing, and whoever knows its id can
/// read it again.
/// </summary>
public sealed class SandboxRun : IDisposable
{
    private readonly SandboxContext _context;
    private readonly Activity? _span;
    private HttpResponseMessage? _opened;

    internal SandboxRun(SandboxContext context, string id, HttpResponseMessage? opened = null, Activity? span = null)
    {
        (_context, Id, _opened, _span) = (context, id, opened, span);
        TraceId = Header("Podflare-Trace-Id");
        ReplRestarted = Header("Podflare-Repl-Restarted") == "1";
        WasReplayed = Header("Idempotent-Replayed") == "true";
        Warnings = Header("Podflare-Warning") is { } warning ? [warning] : [];
    }

    /// <summary>The run's id.</summary>
    public string Id { get; }

    /// <summary>The sandbox that it runs in.</summary>
    public string SandboxId => _context.Id;

    /// <summary>The trace that it belongs to, 32 hex digits, where this object started it and the server told.</summary>
    public string? TraceId { get; }

    /// <summary>The REPL before this run had died, so it found a fresh one; known where this object started it.</summary>
    public bool ReplRestarted { get; }

    /// <summary>An earlier call with the same idempotency key started it.</summary>
    public bool WasReplayed { get; }

    /// <summary>What the server accepted leniently or brought down to a limit.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Reads the run's events after <paramref name="after"/>, in order and each once, up to the exit. A broken connection is resumed after the
    /// last event that was delivered. Cancelling ends the reading, not the run.
    /// </summary>
    /// <param name="after">The <c>seq</c> after which to read; 0 reads all. After the last event the exit is told again.</param>
    /// <param name="follow">Whether to wait for events that are not there yet; else reading ends with the newest one, exit or not.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="EventsEvictedException">The events asked for are no longer kept.</exception>
    /// <exception cref="StreamBrokenException">The connection broke and could not be resumed.</exception>
    public IAsyncEnumerable<SandboxEvent> ReadEventsAsync(long after = 0, bool follow = true, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        // What the start already opened is the whole run as it happens.
        return new EventReader(_context, Id, _span).ReadAsync(TakeOpened, after, follow, cancellationToken);
    }

    /// <summary>Asks how the run is doing, or how it ended.</summary>
    public Task<RunInfo> GetInfoAsync(CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(_context.Call(HttpMethod.Get, $"runs/{Uri.EscapeDataString(Id)}"), ClientJson.Default.RunInfo, cancellationToken);

    /// <summary>Interrupts the run (SIGINT); state is kept. The server kills it when it does not obey. Also fine when it has just ended.</summary>
    public Task InterruptAsync(CancellationToken cancellationToken = default) =>
        _context.Transport.CallAsync(_context.Call(HttpMethod.Post, $"runs/{Uri.EscapeDataString(Id)}/interrupt") with { Span = _span }, cancellationToken);

    /// <summary>Closes the connection, if its events were not read. The run goes on.</summary>
    public void Dispose() => TakeOpened()?.Dispose();

    private HttpResponseMessage? TakeOpened() => Interlocked.Exchange(ref _opened, null);

    private string? Header(string name) => _opened is not null && _opened.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
