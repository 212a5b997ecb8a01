using Microsoft.Extensions.Options;

namespace Podflare.Logs;

/// <summary>Lines of this process that wait to be stored, by sandbox. Bounded for each sandbox and for all. Thread-safe.</summary>
internal sealed class SandboxLogBuffer(IOptions<SandboxLogOptions> options)
{
    private readonly Lock _gate = new();
    private Dictionary<string, Pending> _sandboxes = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Never waits. Of a sandbox that has too many lines, the oldest go; when the whole is full, the line itself goes.</summary>
    public void Add(string sandbox, SandboxLogLine line)
    {
        lock (_gate)
        {
            if (!_sandboxes.TryGetValue(sandbox, out var pending))
            {
                // Without a place for the sandbox there is also none for the count of what it loses.
                if (_count >= options.Value.MaxPendingLines) return;
                _sandboxes[sandbox] = pending = new Pending();
            }

            if (pending.Lines.Count >= options.Value.SandboxLines)
            {
                pending.Lines.Dequeue();
                pending.Dropped++;
                _count--;
            }
            else if (_count >= options.Value.MaxPendingLines)
            {
                pending.Dropped++;
                return;
            }

            pending.Lines.Enqueue(line);
            _count++;
        }
    }

    /// <summary>Takes everything that waits.</summary>
    public IReadOnlyDictionary<string, Pending> TakeAll()
    {
        lock (_gate)
        {
            var taken = _sandboxes;
            (_sandboxes, _count) = (new(StringComparer.Ordinal), 0);
            return taken;
        }
    }

    /// <summary>The lines could not be stored: they wait before those that have come meanwhile, as far as there is room.</summary>
    public void Return(string sandbox, Pending lines)
    {
        lock (_gate)
        {
            var newer = _sandboxes.GetValueOrDefault(sandbox) ?? new Pending();
            var room = Math.Min(options.Value.SandboxLines - newer.Lines.Count, options.Value.MaxPendingLines - _count);
            newer.Dropped += lines.Dropped;
            while (lines.Lines.Count > Math.Max(0, room))
            {
                lines.Lines.Dequeue();
                newer.Dropped++;
            }

            _count += lines.Lines.Count;
            while (newer.Lines.TryDequeue(out var line)) lines.Lines.Enqueue(line);
            _sandboxes[sandbox] = new Pending { Lines = lines.Lines, Dropped = newer.Dropped };
        }
    }

    /// <summary>The lines of one sandbox.</summary>
    internal sealed class Pending
    {
        public Queue<SandboxLogLine> Lines { get; init; } = [];

        /// <summary>Lines before these that are gone.</summary>
        public long Dropped { get; set; }
    }
}
