using Microsoft.Extensions.Logging;
using Podflare.Feed;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>
/// Tells the feed of its tenant what happens to one sandbox. The log remembers the ends of runs until the feed has them, and a sandbox is not over before
/// the feed has its end: whatever dies on the way, the next activation tells it again.
/// </summary>
internal sealed partial class SandboxFeed(SandboxRecords records, SandboxLogs logs, SandboxSettings settings, TimeProvider time, ILogger logger)
{
    private const int MaxBatch = 200;

    // The feed recognizes an event that it has, but not for the whole life of a sandbox.
    private static readonly TimeSpan CreatedAgainFor = TimeSpan.FromMinutes(10);

    /// <summary>The sandbox was created, a moment ago or by an earlier activation.</summary>
    public void ReportCreated()
    {
        if (records.Info is { } info && IsNew(info)) logs.Feed.Report(info.Tenant, SandboxEvents.Created(info));
    }

    public void ReportStarted(RunEntry run)
    {
        if (settings.Runs.ReportRuns && records.Info is { } info && run is { Events.Record: { Kind: not RunKind.Background } record, StartedAt: { } at })
            logs.Feed.Report(info.Tenant, SandboxEvents.RunStarted(info.Id, record, at));
    }

    public void ReportEnded(RunEntry run)
    {
        if (settings.Runs.ReportRuns && records.Info is { } info && run.Events!.Record is { Kind: not RunKind.Background, Ending: not null } record)
            logs.Feed.Report(info.Tenant, SandboxEvents.RunEnded(info.Id, record));
    }

    /// <summary>Tells the ends of runs that an earlier activation may not have told.</summary>
    public async Task ReportAgainAsync(CancellationToken cancellationToken)
    {
        if (records.Info is not { } info) return;
        foreach (var run in await logs.Events.ListUnreportedAsync(info.Id, cancellationToken))
            if (await FindAsync(run, cancellationToken) is { } record) logs.Feed.Report(info.Tenant, SandboxEvents.RunEnded(info.Id, record));
    }

    /// <summary>Brings everything into the feed that it may not have, and the end of the sandbox. Repeating it is safe.</summary>
    /// <param name="ended">The sandbox as its tombstone will have it.</param>
    /// <exception cref="StorageUnavailableException">The feed or the log does not answer.</exception>
    public async Task CompleteAsync(SandboxInfo ended, CancellationToken cancellationToken)
    {
        List<FeedEvent> events = [];
        if (IsNew(ended)) events.Add(SandboxEvents.Created(ended));
        var unreported = await logs.Events.ListUnreportedAsync(ended.Id, cancellationToken);
        foreach (var runs in unreported.Chunk(MaxBatch))
        {
            foreach (var run in runs)
                if (await FindAsync(run, cancellationToken) is { } record) events.Add(SandboxEvents.RunEnded(ended.Id, record));
            await logs.Feeds.AppendAsync(ended.Tenant, events, cancellationToken);
            await logs.Events.MarkReportedAsync(ended.Id, runs, cancellationToken);
            events.Clear();
        }

        await logs.Feeds.AppendAsync(ended.Tenant, [.. events, SandboxEvents.Ended(ended)], cancellationToken);
    }

    private async Task<RunRecord?> FindAsync(RunId run, CancellationToken cancellationToken)
    {
        try
        {
            return await logs.Events.FindRunAsync(records.Id, run, cancellationToken) is { Ending: not null } record ? record : null;
        }
        catch (RecordUnreadableException e)
        {
            LogUnreadable(e, run, records.Id);
            return null;
        }
    }

    private bool IsNew(SandboxInfo info) => time.GetUtcNow() - info.CreatedAt < CreatedAgainFor;

    [LoggerMessage(LogLevel.Error, "The record of run {Run} in sandbox {Sandbox} cannot be read; its end is no event.")]
    private partial void LogUnreadable(Exception exception, RunId run, SandboxId sandbox);
}
