using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>When the memory log forgets: events, then records, and what belonged to deleted sandboxes. Guarded by the log's lock.</summary>
internal sealed class MemoryRetention(MemoryRuns runs, RunOptions options, TimeProvider time)
{
    // Each is in the order in which its runs ended. A run that has gone for another reason may still be in them.
    private readonly Queue<MemoryRun> _withEvents = new();
    private readonly Queue<MemoryRun> _withRecord = new();
    private readonly Queue<(MemorySandbox Sandbox, DateTimeOffset EventsUntil)> _deleted = new();

    private TimeSpan Events => TimeSpan.FromSeconds(options.RetentionSeconds);

    private TimeSpan Records => TimeSpan.FromSeconds(options.RecordRetentionSeconds);

    /// <summary>The run, unless it has expired: what has not been removed yet is gone all the same.</summary>
    public MemoryRun? Find(SandboxId sandbox, RunId id)
    {
        if (runs.Find(sandbox, id) is not { } run) return null;
        if (!run.Record.Ended) return run;
        var now = time.GetUtcNow();
        var expired = now - run.EndedAt >= Events || now >= run.Sandbox.EventsUntil;
        if (expired) runs.DropEvents(run);
        return now - run.EndedAt >= Records || (expired && run.Record.Keyless) ? null : run;
    }

    /// <summary>A run has ended.</summary>
    public void Add(MemoryRun run)
    {
        _withEvents.Enqueue(run);
        _withRecord.Enqueue(run);
    }

    /// <summary>A sandbox has ended.</summary>
    /// <param name="deleted">Its user deleted it, so that its events expire soon.</param>
    public void End(MemorySandbox sandbox, bool deleted)
    {
        var now = time.GetUtcNow();
        sandbox.ListUntil ??= now + Records;
        if (!deleted) return;
        sandbox.EventsUntil ??= now + TimeSpan.FromSeconds(options.DeletedRetentionSeconds);
        _deleted.Enqueue((sandbox, sandbox.EventsUntil.Value));
    }

    /// <summary>Removes the events of the run that ended first.</summary>
    /// <returns>False when there is none.</returns>
    public bool DropOldestEvents()
    {
        if (!_withEvents.TryDequeue(out var oldest)) return false;
        runs.DropEvents(oldest);
        return true;
    }

    /// <summary>Removes the record of the run that ended first, if there is one.</summary>
    public void RemoveOldest()
    {
        if (_withRecord.TryDequeue(out var oldest)) runs.Remove(oldest);
    }

    /// <summary>Removes what has expired.</summary>
    /// <param name="atMost">Limits the work of one call.</param>
    public void DropExpired(int atMost)
    {
        var now = time.GetUtcNow();
        for (var i = 0; i < atMost && _withEvents.TryPeek(out var run) && now - run.EndedAt >= Events; i++) Expire(_withEvents.Dequeue());
        while (_deleted.TryPeek(out var deleted) && now >= deleted.EventsUntil)
        {
            _deleted.Dequeue();
            foreach (var run in deleted.Sandbox.Runs.Values.Where(run => run.Record.Ended).ToArray()) Expire(run);
        }

        for (var i = 0; i < atMost && _withRecord.TryPeek(out var run) && now - run.EndedAt >= Records; i++) runs.Remove(_withRecord.Dequeue());
    }

    /// <summary>The retention of its events is over, and of its record too where it has no idempotency key.</summary>
    private void Expire(MemoryRun run)
    {
        runs.DropEvents(run);
        if (run.Record.Keyless) runs.Remove(run);
    }
}
