using System.Buffers;

namespace Podflare.Telemetry;

/// <summary>
/// Writes lines in their order, all that came within a moment at once: one by one, each would wake a thread and make a system call, and a
/// short run has two. What waits is bounded, and nothing is dropped: whoever brings more waits for the console. Thread-safe.
/// </summary>
internal sealed class LogLineWriter : IDisposable
{
    private readonly Stream _console;
    private readonly int _maxBytes;
    private readonly TimeSpan _delay;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Lock _writing = new();
    private ArrayBufferWriter<byte> _waiting = new();
    private ArrayBufferWriter<byte> _spare = new();
    private bool _armed;
    private bool _closed;

    public LogLineWriter(Stream console, LogLineOptions options, TimeProvider time)
    {
        (_console, _maxBytes, _delay) = (console, options.MaxBytes, TimeSpan.FromMilliseconds(options.DelayMilliseconds));
        // Else the timer would keep the context of whoever wrote the first line.
        using (ExecutionContext.SuppressFlow()) _timer = time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="line">Whole, with its end.</param>
    /// <param name="urgent">It is not to wait for others: the process may be about to die.</param>
    public void Add(ReadOnlySpan<byte> line, bool urgent)
    {
        lock (_gate)
        {
            _waiting.Write(line);
            urgent |= _closed || _waiting.WrittenCount > _maxBytes;
            if (!urgent && !_armed) _armed = _timer.Change(_delay, Timeout.InfiniteTimeSpan);
        }

        if (urgent) Flush();
    }

    /// <summary>Returns when all that was added before is written.</summary>
    public void Flush()
    {
        lock (_writing)
        {
            ArrayBufferWriter<byte> lines;
            lock (_gate) (lines, _waiting, _armed) = (_waiting, _spare, false);
            try
            {
                if (lines.WrittenCount > 0) _console.Write(lines.WrittenSpan);
                _console.Flush();
            }
            catch (IOException)
            {
                // Nobody is at the other end of the console any more, and there is nowhere else to tell it.
            }

            // A burst's buffer is not kept for good.
            if (lines.Capacity > _maxBytes) lines = new ArrayBufferWriter<byte>();
            else lines.ResetWrittenCount();
            _spare = lines;
        }
    }

    /// <summary>Writes what waits. A line that comes still is written by whoever brings it.</summary>
    public void Dispose()
    {
        lock (_gate) _closed = true;
        _timer.Dispose();
        Flush();
    }
}
