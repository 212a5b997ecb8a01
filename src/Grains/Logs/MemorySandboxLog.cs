using Microsoft.Extensions.Options;
using Podflare.Sandboxes;

namespace Podflare.Logs;

/// <summary>The lines of the embedded process: they end with it, as its sandboxes do.</summary>
internal sealed class MemorySandboxLog(IOptions<SandboxLogOptions> options, TimeProvider time) : ISandboxLog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SandboxId, Lines> _sandboxes = [];

    // The sandbox that was quiet for longest is the first.
    private readonly LinkedList<Lines> _order = [];
    private int _count;

    public Task AppendAsync(SandboxId sandbox, IReadOnlyList<SandboxLogLine> lines, long dropped, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            while (_order.First is { } quiet && (now - quiet.Value.At).TotalHours >= options.Value.SandboxHours) Remove(quiet.Value);
            var own = Touch(sandbox, now);
            own.Newest += dropped;
            foreach (var line in lines) own.Held.Enqueue((++own.Newest, line));
            _count += lines.Count;
            for (; own.Held.Count > options.Value.SandboxLines; _count--) own.Held.Dequeue();
            while (_count > options.Value.MaxMemoryLines && _order.First is { } first && first.Value != own) Remove(first.Value);
        }

        return Task.CompletedTask;
    }

    public Task<SandboxLogPage> ReadAsync(SandboxId sandbox, long after, int count, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_sandboxes.TryGetValue(sandbox, out var own)) return Task.FromResult(new SandboxLogPage([], 0, 0));
            if (after > own.Newest) after = 0;
            var found = own.Held.Where(held => held.Seq > after).Take(count).ToArray();
            var next = found.Length == count ? found[^1].Seq : own.Newest;
            return Task.FromResult(new SandboxLogPage([.. found.Select(held => held.Line)], next, next - after - found.Length));
        }
    }

    private Lines Touch(SandboxId sandbox, DateTimeOffset now)
    {
        if (_sandboxes.TryGetValue(sandbox, out var own)) _order.Remove(own.Node);
        else _sandboxes[sandbox] = own = new Lines(sandbox);
        own.At = now;
        _order.AddLast(own.Node);
        return own;
    }

    private void Remove(Lines lines)
    {
        _count -= lines.Held.Count;
        _order.Remove(lines.Node);
        _sandboxes.Remove(lines.Sandbox);
    }

    private sealed class Lines
    {
        public Lines(SandboxId sandbox) => (Sandbox, Node) = (sandbox, new LinkedListNode<Lines>(this));

        public SandboxId Sandbox { get; }

        public LinkedListNode<Lines> Node { get; }

        public Queue<(long Seq, SandboxLogLine Line)> Held { get; } = [];

        public DateTimeOffset At { get; set; }

        public long Newest { get; set; }
    }
}
