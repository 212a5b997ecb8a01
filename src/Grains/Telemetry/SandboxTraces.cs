using Podflare.Runs;
using Podflare.Sandboxes;

namespace Podflare.Telemetry;

/// <summary>
/// Which trace the sandboxes and runs belong to that this process has to do with, for its log lines: whoever writes one needs to know no
/// more than the id. Bounded; what is noted or found stays, what is not goes. Thread-safe.
/// </summary>
public sealed class SandboxTraces
{
    private const int Generation = 16_384;

    private readonly Recent<NotedTrace> _sandboxes = new(Generation);
    private readonly Recent<TraceBinding> _runs = new(Generation);

    public void Note(SandboxId sandbox, string? tenant, TraceBinding? trace)
    {
        if (trace is not null) _sandboxes.Set(sandbox.Value, new NotedTrace(trace, tenant));
    }

    /// <summary>A run that has another trace than its sandbox.</summary>
    public void Note(RunId run, TraceBinding trace) => _runs.Set(run.Value, trace);

    public NotedTrace? FindSandbox(string sandbox) => _sandboxes.Find(sandbox);

    public TraceBinding? FindRun(string run) => _runs.Find(run);

    /// <summary>Two generations: what is still used moves on to the younger one, the older one goes as a whole.</summary>
    private sealed class Recent<T>(int limit)
        where T : class
    {
        private readonly Lock _gate = new();
        private Dictionary<string, T> _young = [];
        private Dictionary<string, T> _old = [];

        public void Set(string id, T item)
        {
            lock (_gate)
            {
                if (_young.Count >= limit) (_old, _young) = (_young, []);
                _young[id] = item;
            }
        }

        public T? Find(string id)
        {
            lock (_gate)
            {
                if (_young.TryGetValue(id, out var item)) return item;
                if (_old.TryGetValue(id, out item)) Set(id, item);
                return item;
            }
        }
    }
}

/// <summary>A sandbox's trace and owner, as log lines tell them.</summary>
public sealed record NotedTrace(TraceBinding Trace, string? Tenant);
