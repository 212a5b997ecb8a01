using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Traces;

namespace Podflare.Relay;

/// <summary>The spans of the runs that a sandbox's spans belong to. One user at a time.</summary>
internal sealed class RelayRuns
{
    private const int MaxKnown = 64;
    private readonly Dictionary<RunId, RunSpanContext> _known = [];

    /// <returns>Null when there is no such run, or none that can be read.</returns>
    public async Task<RunSpanContext?> FindAsync(IEventLog log, SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(run, out var known)) return known;
        RunRecord? record;
        try
        {
            record = await log.FindRunAsync(sandbox, run, cancellationToken).ConfigureAwait(false);
        }
        catch (RecordUnreadableException)
        {
            return null;
        }

        if (record is null) return null;
        if (_known.Count >= MaxKnown) _known.Clear();
        return _known[run] = RunSpanContext.Of(record);
    }
}
