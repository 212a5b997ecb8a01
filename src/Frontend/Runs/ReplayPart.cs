using Podflare.Runs;

namespace Podflare.Runs;

/// <summary>A part of a run that a replay shows: the events after one <c>seq</c> up to another.</summary>
internal readonly record struct ReplayPart(RunId Run, long After, long Last)
{
    /// <summary>
    /// Which events a replay shows of a run, when it still has room for <paramref name="room"/>: the last ones. Of a run whose events
    /// are gone that is its exit; of one that has none yet, nothing.
    /// </summary>
    public static ReplayPart? Of(RunInfo run, long room)
    {
        var first = run.FirstSeq ?? (run.State == RunState.Ended ? run.LastSeq : run.LastSeq + 1);
        var after = Math.Max(first - 1, run.LastSeq - room);
        return run.LastSeq > after ? new ReplayPart(run.Id, after, run.LastSeq) : null;
    }

    public long Count => Last - After;
}
