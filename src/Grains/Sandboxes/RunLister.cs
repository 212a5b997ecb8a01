using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Lists the last runs of a sandbox, from memory where it has them, else from the log.</summary>
internal sealed class RunLister(SandboxRuns runs, IEventLog log)
{
    // Records and bounds of as many runs are read at a time.
    private const int Parallel = 16;

    /// <summary>The ids of the last 256 runs at most, oldest first. The run with the late output is not among them.</summary>
    public async Task<IReadOnlyList<RunId>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var all = await log.ListRunsAsync(sandbox, cancellationToken);
        return all.Contains(runs.Background.Id) ? [.. all.Where(run => run != runs.Background.Id)] : all;
    }

    /// <exception cref="InvalidRequestException">The limit is out of range.</exception>
    public async Task<RunPage> ListAsync(SandboxId sandbox, RunFilter filter, bool isOwner, CancellationToken cancellationToken)
    {
        if (filter.Limit is < 1 or > RunFilter.MaxLimit) throw new InvalidRequestException("limit", $"must be 1 to {RunFilter.MaxLimit}");
        List<RunInfo> page = [];
        foreach (var part in (await NewestAsync(sandbox, filter, cancellationToken)).Chunk(Parallel))
        {
            var infos = await Task.WhenAll(part.Select(run => TryGetAsync(run, isOwner, cancellationToken)));
            foreach (var info in infos)
            {
                if (info is null || !Matches(info, filter)) continue;
                if (page.Count == filter.Limit) return new RunPage([.. page], page[^1].Id);
                page.Add(info);
            }
        }

        return new RunPage([.. page], null);
    }

    private async Task<IEnumerable<RunId>> NewestAsync(SandboxId sandbox, RunFilter filter, CancellationToken cancellationToken)
    {
        var all = await log.ListRunsAsync(sandbox, cancellationToken);
        var newest = all.Reverse();
        return filter.Before is { } before ? newest.SkipWhile(run => run != before).Skip(1) : newest;
    }

    // One that was withdrawn, or that cannot be read, does not keep the others from being listed.
    private async Task<RunInfo?> TryGetAsync(RunId run, bool isOwner, CancellationToken cancellationToken)
    {
        try
        {
            return await runs.GetAsync(run, isOwner, cancellationToken);
        }
        catch (Exception e) when (e is RunNotFoundException or RecordUnreadableException)
        {
            return null;
        }
    }

    private static bool Matches(RunInfo run, RunFilter filter) =>
        (filter.Kind is null || run.Kind == filter.Kind)
        && (filter.State is null || run.State == filter.State)
        && (filter.Context is null || run.Context == filter.Context)
        && (filter.Tag is null || run.Tag == filter.Tag);
}
