using Podflare.Runs;

namespace Podflare.Runs;

/// <summary>The part of a run that a replay sends: the events after one <c>seq</c> up to another.</summary>
/// <param name="Bytes">Rendered bytes of these events; an upper bound.</param>
/// <param name="IsBackground">Whether the events are late output, which belongs to no run that a client has started.</param>
internal readonly record struct ReplayPart(RunId Run, long After, long Last, long Bytes, bool IsBackground = false)
{
    /// <summary>
    /// The last <paramref name="room"/> events of a run. A run whose events were evicted has its exit only; a run without events has
    /// no part.
    /// </summary>
    public static ReplayPart? Of(RunInfo run, long room)
    {
        var first = run.FirstSeq ?? (run.State == RunState.Ended ? run.LastSeq : run.LastSeq + 1);
        var after = Math.Max(first - 1, run.LastSeq - room);
        return run.LastSeq > after ? new ReplayPart(run.Id, after, run.LastSeq, run.LogBytes) : null;
    }

    public long Count => Last - After;
}
