using Podflare.Guests;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    private DateTimeOffset? _awaySince;

    public async Task OnConnectedAsync(GuestHello hello, CancellationToken cancellationToken)
    {
        _awaySince = null;
        if (hello.Boot != _record.Value.Boot)
        {
            LogOtherBoot(_id);
            EndInBackground(EndReason.Lost);
            return;
        }

        foreach (var entry in _runs.Open) entry.Held = false;
        foreach (var held in hello.Runs)
        {
            if (await FindAsync(held.Id, cancellationToken) is not { } entry) continue;
            entry.Held = true;
            entry.StartedAt ??= held.Started;
        }

        ArmAlarms();
    }

    public void OnDisconnected()
    {
        _awaySince = time.GetUtcNow();
        foreach (var entry in _runs.Open) entry.Held = false;
        ArmAlarms();
    }

    public void OnStarted(RunId run, DateTimeOffset at)
    {
        if (_runs.Find(run) is not { } entry) return;
        entry.StartedAt = at;
        ArmAlarms();
    }

    public async Task<RunEntry?> FindAsync(RunId run, CancellationToken cancellationToken) =>
        _runs.Find(run) is { Events: not null } known ? known : await OpenKnownAsync(run, cancellationToken);

    public void OnEnded(RunEntry run)
    {
        run.EndedAt = time.GetUtcNow();
        _runs.Settle(run);
        if (_runs.OpenCount == 0) _idleSince = run.EndedAt.Value;
        var ending = run.Events!.Record.Ending!;
        var span = run.Span ?? spans.Restore(_record.Value.ToRunSandbox(_id), run.Events.Record);
        RunMetrics.Ended(run, span);
        RunSpans.End(span, run);
        run.Span = null;
        LogRunEnded(_id, run.Id, ending.Code, ending.Reason?.ToString().ToLowerInvariant() ?? "none");
        if (_runs.OpenCount == 0) _drained?.TrySetResult();
        ArmAlarms();
    }

    public void OnReplaced()
    {
        foreach (var run in _runs.All) DropSpan(run);
        LogReplaced(_id);
        DeactivateOnIdle();
    }

    public Task OnBehindAsync(RunEntry run, CancellationToken cancellationToken) => LoseAsync(run, cancellationToken);

    /// <summary>Ends one run whose events cannot be made whole again: the log went back further than anybody remembers.</summary>
    private async Task LoseAsync(RunEntry run, CancellationToken cancellationToken)
    {
        await AppendExitAsync(run, code: 255, ExitReason.Lost, cancellationToken);
        if (run is { Ended: true, EndedAt: null }) OnEnded(run);
    }

    private async Task<AppendResult> AppendExitAsync(RunEntry run, int code, ExitReason reason, CancellationToken cancellationToken)
    {
        var events = run.Events!;
        while (true)
        {
            var now = time.GetUtcNow();
            var ending = new RunEnding(code, reason, run.StartedAt, now, run.ReplRestarted);
            var exit = EventLine.RenderExit(code, reason, null, events.LastSeq + 1, now);
            var result = await events.AppendAsync(exit, events.LastFrame, ending, force: true, cancellationToken);
            if (result is not AppendResult.Renumber) return result;
        }
    }

    /// <summary>A run that was accepted before this activation; null when its record is gone.</summary>
    private async Task<RunEntry?> OpenKnownAsync(RunId run, CancellationToken cancellationToken) =>
        await log.FindRunAsync(_id, run, cancellationToken) is { } stored ? await EnterKnownAsync(stored, cancellationToken) : null;

    private async Task<RunEntry> EnterKnownAsync(RunRecord stored, CancellationToken cancellationToken)
    {
        var events = await RunEvents.OpenAsync(log, _id, stored, isNew: false, runOptions.Value, time, cancellationToken);
        var entry = _runs.Find(stored.Id) ?? _runs.Add(stored.Id);
        NoteTrace(stored);
        if (entry.Events is null)
        {
            entry.AskedAt = time.GetUtcNow();
            entry.Open(events);
        }

        return entry;
    }
}
