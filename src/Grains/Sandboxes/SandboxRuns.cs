using Microsoft.Extensions.Logging;
using Podflare.Otlp;
using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Tenants;
using Podflare.Traces;

namespace Podflare.Sandboxes;

/// <summary>The runs of one sandbox: those in memory, those that only the log has, and how they end.</summary>
internal sealed partial class SandboxRuns(
    SandboxRecords records, IEventLog log, RunSpans spans, SandboxSettings settings, TimeProvider time, ILogger logger)
{
    private const int MaxExpecting = 64;
    private static readonly TimeSpan LateSpansLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ExpectLimit = TimeSpan.FromSeconds(5);

    private TaskCompletionSource? _allEnded;

    /// <summary>The runs in memory.</summary>
    public RunTable Table { get; } = new(
        settings.Runs.MaxOpen, settings.Runs.MaxWatches, MaxExpecting, settings.Runs.MaxEndedInMemory, settings.Runs.MaxEndedBytesInMemory, time);

    /// <summary>The run that has the late output of all others.</summary>
    public BackgroundRun Background { get; } = new(records.Id, log, settings.Runs, time, () => records.HasRecord ? records.Record.CreatorKey() : null);

    /// <summary>What the runs count against the limits of their tenant.</summary>
    public RunPermits Permits { get; } = new(records, log, settings, logger);

    /// <summary>When the last open run that kept the sandbox from being idle ended, as a timestamp.</summary>
    public long IdleAt { get; private set; } = time.GetTimestamp();

    /// <summary>Called when runs have started or ended.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>Called when the code of a run begins to execute.</summary>
    public Action<RunEntry> Started { get; set; } = _ => { };

    /// <summary>Called when a run has its exit.</summary>
    public Action<RunEntry> Ended { get; set; } = _ => { };

    /// <summary>The run with its events; null when there is no record of it (any more).</summary>
    public async Task<RunEntry?> FindAsync(RunId run, CancellationToken cancellationToken) =>
        Table.Find(run) is { Events: not null } known ? known
        : run == Background.Id ? await Background.FindAsync(cancellationToken)
        : await log.FindRunAsync(records.Id, run, cancellationToken) is { } stored ? await EnterKnownAsync(stored, cancellationToken)
        : null;

    /// <summary>As <see cref="FindAsync"/>; a run whose record cannot be read is logged and set aside.</summary>
    public async Task<RunEntry?> TryFindAsync(RunId run, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(run, cancellationToken);
        }
        catch (RecordUnreadableException e)
        {
            LogUnreadable(e, run, records.Id);
            return null;
        }
    }

    /// <summary>Takes over the open runs of an earlier activation.</summary>
    public async Task OpenAllAsync(CancellationToken cancellationToken)
    {
        foreach (var run in await log.ListOpenAsync(records.Id, cancellationToken)) await TryFindAsync(run, cancellationToken);
        Permits.Adopt(Table);
    }

    /// <summary>A run as clients see it.</summary>
    /// <param name="isOwner">This activation writes the runs. Another one must read the log, because the owner may still be writing.</param>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<RunInfo> GetAsync(RunId run, bool isOwner, CancellationToken cancellationToken)
    {
        var (events, entry) = await ReadAsync(run, isOwner, cancellationToken);
        return RunInfos.Of(events, entry);
    }

    /// <summary>The trace of a run.</summary>
    /// <param name="mayGrow">Its programs may send spans for a moment after its end.</param>
    /// <inheritdoc cref="GetAsync"/>
    public async Task<RunTraceData> GetTraceAsync(SandboxInfo sandbox, RunId run, bool isOwner, bool mayGrow, CancellationToken cancellationToken)
    {
        var (events, entry) = await ReadAsync(run, isOwner, cancellationToken);
        var now = time.GetUtcNow();
        var trace = RunTraceView.Of(events.Record, events.LastSeq, entry?.StartedAt, sandbox, now);
        var kept = await log.ReadSpansAsync(records.Id, run, cancellationToken);
        foreach (var batch in kept.Batches) RunTraceView.Add(trace, batch);
        return new RunTraceData(OtlpJson.Write(trace), !events.Ended || mayGrow && now - events.Record.Ending!.EndedAt < LateSpansLimit) { Dropped = kept.Dropped };
    }

    /// <summary>A page of events, as <see cref="ISandboxGrain.ReadEvents"/> gives it. The caller counts as a reader.</summary>
    public async Task<EventBatch?> ReadAsync(RunId run, long afterSeq, bool isOwner, CancellationToken cancellationToken)
    {
        var events = isOwner ? await OpenAsync(run, expectStart: false, cancellationToken) : await ReadStoredAsync(run, cancellationToken);
        // A client that polls keeps its run from being abandoned, and its place in the log, as a subscriber does.
        using var reader = isOwner && !events.Ended ? events.AddReader(afterSeq) : null;
        return await events.ReadAfterAsync(afterSeq, settings.Runs.BatchBytes, cancellationToken);
    }

    /// <summary>The events of a run, for a subscription.</summary>
    /// <param name="expectStart">The run may not exist yet: wait up to 5 s for it.</param>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<RunEvents> OpenAsync(RunId run, bool expectStart, CancellationToken cancellationToken)
    {
        var entry = expectStart ? await Table.ExpectAsync(run, ExpectLimit, cancellationToken) : Table.Find(run);
        if (entry is null && run == Background.Id) return (await FindKnownAsync(run, isOwner: true, cancellationToken) ?? throw new RunNotFoundException()).Events!;
        if (entry is null) return await OpenStoredAsync(run, cancellationToken);
        return entry.Events ?? await entry.OpenedAsync().WaitAsync(ExpectLimit, time, cancellationToken);
    }

    /// <summary>The run is not known to have ended.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    public async Task<bool> IsOpenAsync(RunId run, CancellationToken cancellationToken) =>
        run != Background.Id && (Table.Find(run) is { Ended: false } || !(await OpenStoredAsync(run, cancellationToken)).Ended);

    /// <summary>The exit of a run is in the log.</summary>
    public void MarkEnded(RunEntry run)
    {
        if (run.IsMarkedEnded) return;
        Table.MarkEnded(run);
        var ending = run.Events!.Record.Ending!;
        var span = run.Span ?? spans.Restore(records.Record.ToRunSandbox(records.Id), run.Events.Record);
        RunMetrics.Ended(run, settings.LabelOf(records.Record.Template), span);
        RunSpans.End(span, run);
        run.Span = null;
        if (run.Kind is RunKind.Code or RunKind.Process) run.Traffic?.RecordRun(ending.EndedAt - run.Events.Record.CreatedAt, failed: ending.Code != 0);
        LogEnded(run.Id, records.Id, ending.Code, ending.Reason?.ToString().ToLowerInvariant() ?? "none");
        if (!Table.KeepsAlive && (run.Events.Record.KeepsAlive || run.Events.Readers > 0)) IdleAt = run.EndedAt;
        if (Table.OpenCount == 0) _allEnded?.TrySetResult();

        Ended(run);
        Changed();
    }

    /// <summary>Completes when no run is open.</summary>
    public Task WaitUntilAllEndedAsync()
    {
        if (Table.OpenCount == 0) return Task.CompletedTask;
        _allEnded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _allEnded.Task;
    }

    /// <summary>
    /// Settles a run that the guest does not hold and that nobody has asked for lately. It is withdrawn if it never began and nobody
    /// reads it; else it ends <see cref="ExitReason.Lost"/>.
    /// </summary>
    public async Task WithdrawOrLoseAsync(RunEntry run, CancellationToken cancellationToken)
    {
        if (!run.EndedInGuest && run.Events!.Readers == 0 && await TryWithdrawAsync(run, "withdrawn", cancellationToken)) LogWithdrawn(run.Id, records.Id);
        else await CloseAsync(run, code: 255, ExitReason.Lost, cancellationToken);
    }

    /// <summary>Removes the record of a run that never began. Its readers are told that there is no such run.</summary>
    /// <returns>False when the run has events or an exit.</returns>
    public async Task<bool> TryWithdrawAsync(RunEntry run, string kind, CancellationToken cancellationToken)
    {
        if (!await log.WithdrawAsync(records.Id, run.Id, cancellationToken)) return false;
        run.Leave();
        RunSpans.Refuse(run.Span, kind);
        run.Span = null;
        Table.Remove(run);
        run.Events?.Withdraw();
        if (Table.OpenCount == 0) IdleAt = time.GetTimestamp();
        Changed();
        return true;
    }

    /// <summary>Ends an open run that the log lists, whether it is in memory or not. One without a readable record is removed from the log.</summary>
    /// <exception cref="SandboxUnreachableException">Another activation owns the sandbox; this one steps down.</exception>
    public async Task CloseAsync(RunId run, int code, ExitReason reason, CancellationToken cancellationToken)
    {
        if (await TryFindAsync(run, cancellationToken) is { } entry) await CloseAsync(entry, code, reason, cancellationToken);
        else await log.DiscardAsync(records.Id, run, cancellationToken);
    }

    /// <summary>Ends a run with an exit that the worker makes. An exit that is in the log already stays.</summary>
    /// <exception cref="SandboxUnreachableException">Another activation owns the sandbox; this one steps down.</exception>
    public async Task CloseAsync(RunEntry run, int code, ExitReason reason, CancellationToken cancellationToken)
    {
        while (!run.Ended)
        {
            var (events, now) = (run.Events!, time.GetUtcNow());
            var ending = new RunEnding(code, reason, run.StartedAt, now, run.ReplRestarted);
            var exit = EventLine.RenderExit(code, reason, null, events.LastSeq + 1, now);
            switch (await events.AppendAsync(exit, events.LastFrame, ending, force: true, cancellationToken))
            {
                case AppendResult.Fenced:
                    records.StepDown();
                    throw new SandboxUnreachableException();
                case AppendResult.Behind:
                    // Events are missing in the log for good: the only honest end is this one.
                    (code, reason) = (255, ExitReason.Lost);
                    break;
                case AppendResult.Ended when !run.Ended:
                    // The log has an exit whose record could not be read.
                    Table.Remove(run);
                    return;
            }
        }

        MarkEnded(run);
    }

    /// <summary>
    /// Compares an open run with the log, which may have lost its newest events, and appends them again. A run that cannot be made whole
    /// ends <see cref="ExitReason.Lost"/>.
    /// </summary>
    /// <exception cref="SandboxUnreachableException">Another activation owns the sandbox; this one steps down.</exception>
    public async Task VerifyAsync(RunEntry run, CancellationToken cancellationToken)
    {
        switch (await run.Events!.VerifyAsync(cancellationToken))
        {
            case AppendResult.Fenced:
                records.StepDown();
                throw new SandboxUnreachableException();
            case AppendResult.Behind:
                await CloseAsync(run, code: 255, ExitReason.Lost, cancellationToken);
                break;
        }
    }

    /// <summary>Removes ended runs from memory after a moment; from then on their readers are served from the log.</summary>
    public async Task ForgetEndedAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        foreach (var run in Table.Due(age))
        {
            // What the store has lost in its last seconds is written again before the only copy is dropped.
            if (run.Events!.IsInDoubt) await run.Events.VerifyAsync(cancellationToken);
            Table.Remove(run);
            run.Events.ReleaseRing();
        }
    }

    /// <summary>This activation no longer has the runs; their spans are another one's.</summary>
    public void DropSpans()
    {
        foreach (var run in Table.All) DropSpan(run);
    }

    public static void DropSpan(RunEntry run)
    {
        RunSpans.Drop(run.Span);
        run.Span = null;
    }

    // The background run of a sandbox that lives is there as soon as somebody asks for it.
    private async Task<RunEntry?> FindKnownAsync(RunId run, bool isOwner, CancellationToken cancellationToken)
    {
        if (run != Background.Id) return Table.Find(run);
        if (!isOwner) return null;
        return records.Info is { EndReason: null } ? await Background.OpenAsync(cancellationToken) : await Background.FindAsync(cancellationToken);
    }

    private async Task<(RunEvents Events, RunEntry? Entry)> ReadAsync(RunId run, bool isOwner, CancellationToken cancellationToken)
    {
        var entry = await FindKnownAsync(run, isOwner, cancellationToken);
        return (isOwner && entry?.Events is { } held ? held : await ReadStoredAsync(run, cancellationToken), entry);
    }

    /// <summary>A run as the log has it now.</summary>
    private async Task<RunEvents> ReadStoredAsync(RunId run, CancellationToken cancellationToken)
    {
        var stored = await log.FindRunAsync(records.Id, run, cancellationToken) ?? throw new RunNotFoundException();
        return await RunEvents.OpenAsync(log, records.Id, stored, isNew: false, settings.Runs, time, cancellationToken);
    }

    /// <summary>A run that is not in memory. An open one is kept, so that all its readers see the same events.</summary>
    private async Task<RunEvents> OpenStoredAsync(RunId run, CancellationToken cancellationToken)
    {
        var stored = await log.FindRunAsync(records.Id, run, cancellationToken) ?? throw new RunNotFoundException();
        return stored.Ended
            ? await RunEvents.OpenAsync(log, records.Id, stored, isNew: false, settings.Runs, time, cancellationToken)
            : (await EnterKnownAsync(stored, cancellationToken)).Events!;
    }

    private async Task<RunEntry> EnterKnownAsync(RunRecord stored, CancellationToken cancellationToken)
    {
        var events = await RunEvents.OpenAsync(log, records.Id, stored, isNew: false, settings.Runs, time, cancellationToken);
        var entry = Table.Find(stored.Id) ?? Table.Add(stored.Id, stored.Kind);
        records.RememberTrace(stored);
        if (entry.Events is null)
        {
            entry.AskedAt = time.GetTimestamp();
            if (records.HasRecord) entry.Traffic = settings.Traffic.Of(new TenantId(records.Record.Tenant));
            entry.Open(events);
        }

        return entry;
    }

    [LoggerMessage(LogLevel.Information, "Ended run {Run} in sandbox {Sandbox}: code {Code}, reason {Reason}.")]
    private partial void LogEnded(RunId run, SandboxId sandbox, int code, string reason);

    [LoggerMessage(LogLevel.Warning, "Withdrew run {Run} in sandbox {Sandbox}: the guest does not hold it, and nobody asked for it again.")]
    private partial void LogWithdrawn(RunId run, SandboxId sandbox);

    [LoggerMessage(LogLevel.Error, "The record of run {Run} in sandbox {Sandbox} cannot be read; the run is set aside.")]
    private partial void LogUnreadable(Exception exception, RunId run, SandboxId sandbox);
}
