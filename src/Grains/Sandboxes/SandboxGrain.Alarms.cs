using Podflare.Guests;
using Podflare.Runs;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RingPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan KillBackup = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    // A timer that fires later than this belongs to a process that was stopped: somebody else may own the sandbox by now.
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(10);

    // Timers take at most 49 days; a longer wait is armed again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private IGrainTimer? _alarm;
    private DateTimeOffset _armedFor;
    private bool _doubted;
    private DateTimeOffset _idleSince;

    private void StartAlarms()
    {
        _alarm = this.RegisterGrainTimer(OnAlarmAsync, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
        ArmAlarms();
    }

    /// <summary>Arms the one timer for what is due next: each second while something is in hand, else at the sandbox's own end.</summary>
    private void ArmAlarms()
    {
        if (_alarm is null || _end is not null) return;
        var now = time.GetUtcNow();
        var idle = _idleSince + _record.Value.IdleLimit;
        var end = !IsBusy && idle < _record.Value.ExpiresAt ? idle : _record.Value.ExpiresAt;
        var wait = _runs.IsOverfull ? TimeSpan.Zero : !_runs.IsEmpty || IsBusy || _awaySince is not null ? Tick : end - now;
        wait = TimeSpan.FromTicks(Math.Clamp(wait.Ticks, TimeSpan.FromMilliseconds(10).Ticks, LongestWait.Ticks));
        if (_armedFor > now && _armedFor <= now + wait) return;
        _armedFor = now + wait;
        _alarm.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task OnAlarmAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(cancellationToken);
        }
        catch (StorageUnavailableException)
        {
            // Looked at again at the next tick: without one, neither limits nor watched runs would ever end.
        }
        finally
        {
            ArmAlarms();
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_end is not null) return;
        RestoreTrace();
        var now = time.GetUtcNow();
        _doubted |= now - _armedFor > TooLate;
        if (_doubted && !await IsStillOursAsync())
        {
            OnReplaced();
            return;
        }

        _doubted = false;
        _armedFor = default;
        if (now >= _record.Value.ExpiresAt) EndInBackground(EndReason.Expired);
        else if (!IsBusy && now - _idleSince >= _record.Value.IdleLimit) EndInBackground(EndReason.Idle);
        else if (_awaySince is { } since && now - since >= TimeSpan.FromSeconds(Limits.GuestPatienceSeconds)) EndInBackground(EndReason.Lost);
        else
        {
            Weigh(now);
            foreach (var run in _runs.Active.ToArray()) await WatchAsync(run, now, cancellationToken);
            await ForgetEndedAsync(now, cancellationToken);
        }
    }

    private async Task WatchAsync(RunEntry run, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (run.Events is not { } events || run.EndedAt is not null) return;
        if (_awaySince is not null || _pump is not { IsIdle: true } || run.Starting is { IsCompleted: false }) return;
        if (!run.Held)
        {
            if (now - run.AskedAt >= TimeSpan.FromSeconds(Limits.WithdrawSeconds)) await SettleAsync(run, cancellationToken);
        }
        else if (run.StartedAt is { } started && now >= started + events.Record.Timeout + TimeSpan.FromSeconds(runOptions.Value.GraceSeconds) + KillBackup)
        {
            BackUpTimeout(run, now);
        }
        else if (events.Record.OnDisconnect is OnDisconnect.Interrupt && !run.Abandoned
            && events.UnreadSince is { } unread && now - unread >= TimeSpan.FromSeconds(runOptions.Value.DisconnectSeconds))
        {
            Abandon(run);
        }
    }

    // What the store lost in its last seconds is written again before the only copy goes.
    private async Task ForgetEndedAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var run in _runs.Due(now - RingPatience))
            {
                if (run.Events!.IsInDoubt) await run.Events.VerifyAsync(cancellationToken);
                _runs.Remove(run);
                run.Events.ReleaseRing();
            }
        }
        catch (StorageUnavailableException)
        {
            // At the next tick again.
        }
    }

    // The guest does not hold it, and nobody has asked for it lately: either it never began, or the log went back behind its end.
    private async Task SettleAsync(RunEntry run, CancellationToken cancellationToken)
    {
        if (await log.WithdrawAsync(_id, run.Id, cancellationToken))
        {
            LogWithdrawn(_id, run.Id);
            RunSpans.Refuse(run.Span, "withdrawn");
            run.Leave();
            run.Span = null;
            _runs.Remove(run);
            if (_runs.OpenCount == 0) _idleSince = time.GetUtcNow();
        }
        else
        {
            await LoseAsync(run, cancellationToken);
        }
    }

    private void BackUpTimeout(RunEntry run, DateTimeOffset now)
    {
        if (run.KilledAt is null)
        {
            run.KilledAt = now;
            LogTimeoutBackedUp(_id, run.Id);
            _ = TellAsync(new KillGuestRuns(run.Id, ExitReason.Timeout));
        }
        else if (now - run.KilledAt >= KillPatience)
        {
            EndInBackground(EndReason.Stuck, run.Id);
        }
    }

    private void Abandon(RunEntry run)
    {
        run.Abandoned = true;
        LogAbandoned(_id, run.Id);
        _ = TellAsync(new InterruptGuestRun(run.Id, TimeSpan.FromSeconds(runOptions.Value.GraceSeconds)), onFailure: () => run.Abandoned = false);
    }

    private async Task TellAsync(GuestRequest request, Action? onFailure = null)
    {
        try
        {
            await AskAsync(_port!, request, CancellationToken.None);
        }
        catch (Exception e)
        {
            LogRequestFailed(e, _id, request.GetType().Name);
            onFailure?.Invoke();
        }
    }

    private async Task<bool> IsStillOursAsync()
    {
        await _record.ReadAsync();
        return _record.Exists && _record.Value.Owner == silo.SiloAddress.ToParsableString();
    }
}
