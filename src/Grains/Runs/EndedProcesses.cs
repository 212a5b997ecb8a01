namespace Podflare.Runs;

/// <summary>The last processes that have ended, as long as this activation lives: what the guest reports has open ones alone.</summary>
internal sealed class EndedProcesses
{
    private const int Most = 256;

    private readonly LinkedList<Ended> _ended = [];

    public void Add(RunEntry run)
    {
        if (run is not { Kind: RunKind.Process, Process.Pid: > 0 and var pid }) return;
        _ended.AddFirst(new Ended(run.Id, pid, run.Events?.Record.Details?.Tag));
        if (_ended.Count > Most) _ended.RemoveLast();
    }

    /// <returns>The newest; null when there is none.</returns>
    public RunId? Find(ProcessSelector process)
    {
        foreach (var ended in _ended)
        {
            if (process.Pid is { } pid ? ended.Pid == pid : ended.Tag is not null && ended.Tag == process.Tag) return ended.Run;
        }

        return null;
    }

    private sealed record Ended(RunId Run, int Pid, string? Tag);
}
