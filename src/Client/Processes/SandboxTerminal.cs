using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Podflare;

/// <summary>
/// A terminal in a sandbox, as a stream of bytes: reading gets what programs show, writing types. Reading ends when the program on the terminal has
/// ended; <see cref="Exit"/> then says how. A lost connection is resumed. One reader and one writer can work at the same time.
/// </summary>
/// <remarks>
/// The terminal lives in the sandbox. Disposing a terminal that <see cref="Sandbox.OpenTerminalAsync"/> opened kills its processes, unless
/// <see cref="KillOnDispose"/> is set to false; <see cref="Sandbox.AttachTerminal"/> continues with it later, from anywhere.
/// </remarks>
/// <example>
/// <code>
/// await using var terminal = await sandbox.OpenTerminalAsync();
/// await terminal.WriteAsync("echo hello; exit\n"u8.ToArray());
/// using var reader = new StreamReader(terminal);
/// Console.Write(await reader.ReadToEndAsync());
/// </code>
/// </example>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is a terminal that can be used as a stream.")]
public class SandboxTerminal : Stream
{
    private readonly SandboxRun? _run;
    private readonly Transport? _transport;
    private readonly CancellationTokenSource _leaving = new();
    private readonly IAsyncEnumerator<SandboxEvent>? _events;
    private Task<bool>? _next;
    private ReadOnlyMemory<byte> _rest;
    private bool _isDisposed;

    internal SandboxTerminal(SandboxRun run, Transport transport, long after, bool killOnDispose)
    {
        (_run, _transport, KillOnDispose) = (run, transport, killOnDispose);
        LastSeq = after;
        _events = run.ReadEventsAsync(after, cancellationToken: _leaving.Token).GetAsyncEnumerator(_leaving.Token);
    }

    /// <summary>For derived classes in tests. Members that need a server throw unless they are overridden.</summary>
    protected SandboxTerminal()
    {
    }

    /// <summary>The run of the program on the terminal. Its ID is the ID of the terminal. Do not read its events.</summary>
    public virtual SandboxRun Run => _run ?? throw SandboxScope.Missing(nameof(Run));

    /// <summary>How the program ended; null until reading has reached its end.</summary>
    public virtual ExitEvent? Exit { get; private set; }

    /// <summary>The <c>seq</c> of the last event that was read. <see cref="Sandbox.AttachTerminal"/> can continue after it.</summary>
    public virtual long LastSeq { get; private set; }

    /// <summary>Whether disposing kills the processes of the terminal. Default: true if it was opened here, false if it was attached.</summary>
    public virtual bool KillOnDispose { get; set; }

    /// <inheritdoc/>
    public override bool CanRead => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanWrite => !_isDisposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Changes the size of the terminal.</summary>
    /// <param name="columns">1 to 1,000.</param>
    /// <param name="rows">1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="RunEndedException">The program has ended.</exception>
    public virtual Task ResizeAsync(int columns, int rows, CancellationToken cancellationToken = default) => Run.ResizeAsync(columns, rows, cancellationToken);

    /// <summary>Kills every process of the terminal. Succeeds if there is none.</summary>
    public virtual async Task KillAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await Run.SignalAsync(RunSignal.Kill, SignalScope.All, cancellationToken).ConfigureAwait(false);
        }
        catch (RunEndedException)
        {
        }
    }

    /// <summary>Reads what programs show: at least one byte, or 0 at the end. After a cancellation, the next read continues without a gap.</summary>
    [SuppressMessage("ApiDesign", "RS0027:API with optional parameter(s) should have the most parameters amongst its public overloads", Justification = "The overloads are those of Stream.")]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        while (_rest.IsEmpty && buffer.Length > 0)
        {
            if (Exit is not null) return 0;
            var events = _events ?? throw SandboxScope.Missing(nameof(ReadAsync));
            // A canceled read leaves the move to the next one.
            _next ??= events.MoveNextAsync().AsTask();
            var moved = await _next.WaitAsync(cancellationToken).ConfigureAwait(false);
            _next = null;
            if (!moved) return 0;
            LastSeq = events.Current.Seq;
            switch (events.Current)
            {
                case TerminalEvent terminal:
                    _rest = terminal.Data;
                    break;
                // Why the program could not be started.
                case StderrEvent failure:
                    _rest = Encoding.UTF8.GetBytes(failure.Data);
                    break;
                case ExitEvent exit:
                    Exit = exit;
                    break;
            }
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    /// <summary>Types. Returns when the sandbox has the bytes.</summary>
    [SuppressMessage("ApiDesign", "RS0027:API with optional parameter(s) should have the most parameters amongst its public overloads", Justification = "The overloads are those of Stream.")]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        await Run.WriteStdinAsync(buffer, endOfFile: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Reads, and blocks the thread meanwhile.</summary>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Writes, and blocks the thread meanwhile.</summary>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Does nothing: every write is sent at once.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends the reading, and kills the processes if <see cref="KillOnDispose"/> is true. A failure to kill is ignored; the sandbox ends with its time limits.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await _leaving.CancelAsync().ConfigureAwait(false);
            if (_next is not null) await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_events is not null) await _events.DisposeAsync().ConfigureAwait(false);
            if (KillOnDispose && Exit is null && _transport is not null) await KillOrGiveUpAsync(_transport).ConfigureAwait(false);
            _run?.Dispose();
            _leaving.Dispose();
        }

        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed) DisposeAsync().AsTask().GetAwaiter().GetResult();
        base.Dispose(disposing);
    }

    private async Task KillOrGiveUpAsync(Transport transport)
    {
        using var limit = new CancellationTokenSource(transport.Options.InterruptTimeout, transport.Time);
        try
        {
            await KillAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is PodflareException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
