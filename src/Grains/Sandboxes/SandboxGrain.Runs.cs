using Podflare.Guests;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    private static readonly TimeSpan ExpectLimit = TimeSpan.FromSeconds(5);

    public async Task<RunAccepted> StartRun(TenantId tenant, RunId run, RunRequest request, CancellationToken cancellationToken)
    {
        var port = await GuardCommandAsync(tenant, cancellationToken);
        var hash = request.PayloadHash();
        var entry = _runs.Find(run) ?? _runs.Enter(run);
        entry.AskedAt = time.GetUtcNow();
        var first = entry.Starting is null && entry.Events is null;

        // Not bound to this caller's token: another caller may have joined by now.
        if (entry.Starting is null or { IsFaulted: true } or { IsCanceled: true }) entry.Starting = StartAsync(port, entry, request, hash);
        var accepted = await entry.Starting.WaitAsync(cancellationToken);
        if (entry.Events!.Record.PayloadHash != hash) throw new IdempotencyKeyReusedException();
        return first ? accepted : accepted with { Joined = true };
    }

    public async Task<RunInfo> GetRun(TenantId tenant, RunId run)
    {
        GuardReadable(tenant);
        await EndWhenHostIsLostAsync();
        var entry = _runs.Find(run);
        var events = IsHome && entry?.Events is { } held ? held : await ReadStoredAsync(run, _deactivating.Token);
        var stored = events.Record;
        var ending = stored.Ending;
        var started = ending?.StartedAt ?? entry?.StartedAt;
        var state = ending is not null ? RunState.Ended : started is null && events.LastSeq == 0 ? RunState.Queued : RunState.Running;
        return new RunInfo(
            run, state, stored.Language, stored.Timeout, stored.CreatedAt, started, ending?.EndedAt, ending?.Code, ending?.Reason,
            events.FirstSeq, events.LastSeq, ending?.ReplRestarted ?? entry?.ReplRestarted ?? false)
        {
            TraceId = stored.Trace?.TraceParent.Substring(3, 32),
            LogBytes = events.LogBytes,
        };
    }

    public Task<IReadOnlyList<RunId>> ListRuns(TenantId tenant)
    {
        GuardReadable(tenant);
        return log.ListRunsAsync(_id, _deactivating.Token);
    }

    public async Task<EventBatch?> ReadEvents(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken)
    {
        GuardReadable(tenant);
        var events = IsHome ? await OpenEventsAsync(tenant, run, expectStart: false, cancellationToken) : await ReadStoredAsync(run, cancellationToken);
        return await events.ReadAfterAsync(afterSeq, runOptions.Value.BatchBytes, cancellationToken);
    }

    public async Task Interrupt(TenantId tenant, RunId run, CancellationToken cancellationToken)
    {
        GuardReadable(tenant);
        if (_runs.Find(run) is not { Ended: false } && (await OpenStoredAsync(run, cancellationToken)).Ended) return;
        var port = await GuardCommandAsync(tenant, cancellationToken);
        using var span = Spans.Start(Spans.RunInterrupt, _runs.Find(run)?.Events?.Record.Trace?.ToBinding() ?? Trace);
        Describe(span)?.SetTag(Spans.RunId, run.Value);
        await AskAsync(port, new InterruptGuestRun(run, TimeSpan.FromSeconds(runOptions.Value.GraceSeconds)), cancellationToken);
    }

    public async Task<RunEvents> OpenEventsAsync(TenantId tenant, RunId run, bool expectStart, CancellationToken cancellationToken)
    {
        GuardReadable(tenant);
        var entry = expectStart ? await _runs.ExpectAsync(run, ExpectLimit, time, cancellationToken) : _runs.Find(run);
        if (entry is null) return await OpenStoredAsync(run, cancellationToken);
        return entry.Events ?? await entry.OpenedAsync().WaitAsync(ExpectLimit, time, cancellationToken);
    }

    private async Task<RunAccepted> StartAsync(GuestPort port, RunEntry entry, RunRequest request, string hash)
    {
        var stored = false;
        try
        {
            var joined = entry.Events is not null || !await AcceptAsync(entry, request, hash);
            stored = entry is { Ended: true, EndedAt: null };
            if (entry.Events!.Record.PayloadHash != hash) throw new IdempotencyKeyReusedException();
            if (entry.Ended) return Accepted(entry, joined: true, restarted: false);
            var restarted = false;
            if (!entry.Held && entry.Events.LastSeq == 0) restarted = await HandOverAsync(port, entry, request);
            if (!joined) LogRunAccepted(_id, entry.Id, request.Language);
            return Accepted(entry, joined, restarted);
        }
        catch (Exception e)
        {
            if (entry.Events is null || stored)
            {
                RunSpans.Refuse(entry.Span, e.GetType().FullName!);
                entry.Span = null;
                entry.Refuse(e);
                _runs.Remove(entry);
            }

            throw;
        }
        finally
        {
            // It ended long ago, and its readers are served from the log.
            if (stored) _runs.Remove(entry);
            ArmAlarms();
        }
    }

    /// <returns>True when the run is new, false when an earlier request had it accepted.</returns>
    private async Task<bool> AcceptAsync(RunEntry entry, RunRequest request, string hash)
    {
        var trace = RunTrace.Of(request, Trace);
        entry.Span = trace is null ? null : spans.Start(_record.Value.ToRunSandbox(_id), entry.Id, request, trace);
        if (entry.Span is { Recorded: true } span) trace = trace! with { Span = span.Id };
        var wanted = new RunRecord(entry.Id, hash, request.Language, request.Timeout, request.OnDisconnect, time.GetUtcNow(), Trace: trace, Keyless: request.Keyless);
        FaultPoint.Reach(FaultPoint.RunStarting);
        var outcome = await log.AcceptAsync(_id, wanted, new TenantId(_record.Value.Tenant!), _closing.Token);
        FaultPoint.Reach(FaultPoint.RunAccepted);
        if (!outcome.IsNew) DropSpan(entry);
        if (outcome.PayloadHash != hash) throw new IdempotencyKeyReusedException();
        var stored = outcome.IsNew ? wanted : await log.FindRunAsync(_id, entry.Id, _closing.Token) ?? wanted;
        NoteTrace(stored);
        entry.Open(await RunEvents.OpenAsync(log, _id, stored, outcome.IsNew, runOptions.Value, time, _closing.Token));
        return outcome.IsNew;
    }

    /// <returns>True when the guest says that this run will meet a fresh REPL.</returns>
    private async Task<bool> HandOverAsync(GuestPort port, RunEntry entry, RunRequest request)
    {
        var trace = entry.Events!.Record.Trace;
        var handover = new StartGuestRun(
            entry.Id, request.Language, request.Timeout, TimeSpan.FromSeconds(runOptions.Value.GraceSeconds), request.Env, request.Code,
            trace?.ForCode, trace?.TraceState, trace?.Baggage);
        try
        {
            var taken = await AskAsync(port, handover, CancellationToken.None);
            FaultPoint.Reach(FaultPoint.RunTaken);
            entry.Held = taken.State is RunState.Queued or RunState.Running;
            entry.ReplRestarted = taken.ReplRestarted;
            return taken.ReplRestarted;
        }
        catch (Exception e) when (e is RunQueueFullException or InvalidOperationException)
        {
            if (await log.WithdrawAsync(_id, entry.Id, _closing.Token))
            {
                _runs.Remove(entry);
                entry.Leave();
                RunSpans.Refuse(entry.Span, e is RunQueueFullException ? "run_queue_full" : "refused");
                entry.Span = null;
            }

            throw;
        }
    }

    /// <summary>
    /// A run as the log has it now. An orphan must look: a worker that was stopped, and wakes, goes on writing until it learns that it was
    /// given up.
    /// </summary>
    private async Task<RunEvents> ReadStoredAsync(RunId run, CancellationToken cancellationToken)
    {
        var stored = await log.FindRunAsync(_id, run, cancellationToken) ?? throw new RunNotFoundException();
        return await RunEvents.OpenAsync(log, _id, stored, isNew: false, runOptions.Value, time, cancellationToken);
    }

    /// <summary>A run that is not in hand: from the log. Open ones stay in hand, so that all their readers see the same events.</summary>
    private async Task<RunEvents> OpenStoredAsync(RunId run, CancellationToken cancellationToken)
    {
        var stored = await log.FindRunAsync(_id, run, cancellationToken) ?? throw new RunNotFoundException();
        return stored.Ended
            ? await RunEvents.OpenAsync(log, _id, stored, isNew: false, runOptions.Value, time, cancellationToken)
            : (await EnterKnownAsync(stored, cancellationToken)).Events!;
    }
}
