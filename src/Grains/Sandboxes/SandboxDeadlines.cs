using Microsoft.Extensions.Logging;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>
/// What happens to a sandbox as time passes: its lifetime and idle limit, a guest that stays away, runs that do not obey their timeout or
/// that nobody reads. One timer is armed for whatever is due next. All durations are monotonic.
/// </summary>
internal sealed partial class SandboxDeadlines(
    SandboxRecords records, SandboxRuns runs, GuestSession guest, GuestRequestSender sender, SandboxTermination termination, CpuPriority cpu, IContainerRuntime runtime,
    SandboxSettings settings, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);
    // Behind a guest's frames of other runs, and after an outage of the store, the end of a run may be on its way for a while.
    private static readonly TimeSpan EndFramePatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RingPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan KillDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    // A timer that fires later than this belongs to a process that was stopped: another one may own the sandbox by now.
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(10);

    // Timers accept at most 49 days; a longer wait is armed again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private IGrainTimer? _timer;
    private long _dueAt;
    private long _startedAt;
    private TimeSpan _lifetime;
    private long _filesIdleAt;
    private long _busyAt;
    private int _fileCalls;
    private bool _mayBeReplaced;

    private bool IsBusy => runs.Table.KeepsAlive || _fileCalls > 0;

    private TimeSpan LifetimeLeft => _lifetime - time.GetElapsedTime(_startedAt);

    private TimeSpan IdleLeft => records.Record.IdleLimit - time.GetElapsedTime(Math.Max(Math.Max(runs.IdleAt, _busyAt), Math.Max(_filesIdleAt, _startedAt)));

    /// <summary>Begins to check. The idle time starts anew.</summary>
    /// <param name="adopted">An earlier activation had the container.</param>
    public void Start(IGrainBase grain, bool adopted)
    {
        if (adopted) cpu.Forget();
        _startedAt = time.GetTimestamp();
        _lifetime = records.Record.ExpiresAt - time.GetUtcNow();
        _timer = grain.RegisterGrainTimer(OnTimerAsync, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
        Arm();
    }

    public void Stop() => _timer?.Dispose();

    /// <summary>The number of open file calls has changed. A sandbox that has any is not idle.</summary>
    public void SetFileCalls(int open)
    {
        _fileCalls = open;
        _filesIdleAt = time.GetTimestamp();
        Arm();
    }

    /// <summary>The record has another end or idle limit.</summary>
    public void Refresh()
    {
        if (_timer is null) return;
        _lifetime = time.GetElapsedTime(_startedAt) + (records.Record.ExpiresAt - time.GetUtcNow());
        _dueAt = 0;
        Arm();
    }

    /// <summary>Arms the timer for what is due next: each second while something is in progress, else for the end of the sandbox.</summary>
    public void Arm()
    {
        if (_timer is null || termination.IsEnding) return;
        var wait = NextWait();
        var (now, ticks) = (time.GetTimestamp(), (long)(wait.TotalSeconds * time.TimestampFrequency));
        if (_dueAt > now && _dueAt <= now + ticks) return;
        _dueAt = now + ticks;
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan NextWait()
    {
        var wait = runs.Table.IsOverfull || guest.IsOther ? TimeSpan.Zero
            : !runs.Table.IsEmpty || IsBusy || guest.AwayAt is not null || cpu.IsPending ? CheckInterval
            : LifetimeLeft < IdleLeft ? LifetimeLeft
            : IdleLeft;
        return wait < ShortestWait ? ShortestWait : wait > LongestWait ? LongestWait : wait;
    }

    private async Task OnTimerAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CheckDeadlinesAsync(cancellationToken);
        }
        catch (Exception e) when (Transient.IsTransient(e))
        {
            // Checked again at the next interval: otherwise neither limits nor watched runs would ever end.
        }
        finally
        {
            Arm();
        }
    }

    private async Task CheckDeadlinesAsync(CancellationToken cancellationToken)
    {
        if (termination.IsEnding) return;
        records.EnterTrace();
        _mayBeReplaced |= time.GetElapsedTime(_dueAt) > TooLate;
        if (_mayBeReplaced) await records.VerifyOwnershipAsync();
        (_mayBeReplaced, _dueAt) = (false, 0);
        // A run that only its readers keep from being idle tells nobody when the last of them leaves.
        if (IsBusy) _busyAt = time.GetTimestamp();
        if (guest.IsOther) termination.EndInBackground(EndReason.Lost);
        else if (LifetimeLeft <= TimeSpan.Zero) termination.EndInBackground(EndReason.Expired);
        else if (!IsBusy && IdleLeft <= TimeSpan.Zero) termination.EndInBackground(EndReason.Idle);
        else if (guest.AwayAt is { } away && time.GetElapsedTime(away) >= TimeSpan.FromSeconds(settings.Sandboxes.GuestPatienceSeconds)) await EndUnlessPausedAsync(cancellationToken);
        else await CheckRunsAsync(cancellationToken);
    }

    /// <summary>
    /// Ends a sandbox whose guest has been away for too long. A container that somebody has paused is no dead one: its guest gets the whole time
    /// again once it may answer. The same holds while the engine cannot say.
    /// </summary>
    private async Task EndUnlessPausedAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await runtime.IsPausedAsync(records.Record.ContainerId, cancellationToken)) guest.RestartPatience();
            else termination.EndInBackground(EndReason.Lost);
        }
        catch (ContainerEngineException e)
        {
            guest.RestartPatience();
            LogStateUnknown(e, records.Id);
        }
    }

    private async Task CheckRunsAsync(CancellationToken cancellationToken)
    {
        var longRun = TimeSpan.FromSeconds(settings.Sandboxes.LongRunSeconds);
        var active = runs.Table.Active.ToArray();
        cpu.Update(active.Any(run => HasRunFor(run, longRun)), active.Any(IsStopping), termination.Closing);
        foreach (var run in active)
        {
            try
            {
                await CheckAsync(run, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException && !Transient.IsTransient(e))
            {
                LogCheckFailed(e, run.Id, records.Id);
            }
        }

        await runs.ForgetEndedAsync(RingPatience, cancellationToken);
    }

    private bool HasRunFor(RunEntry run, TimeSpan length) => !run.IsMarkedEnded && run.RunningAt is { } running && time.GetElapsedTime(running) >= length;

    // The guest counts the timeout itself.
    private bool IsStopping(RunEntry run) =>
        !run.IsMarkedEnded && (run.Interrupted || run.Abandoned || (run.Events?.Record is { HasTimeout: true } record && HasRunFor(run, record.Timeout)));

    private async Task CheckAsync(RunEntry run, CancellationToken cancellationToken)
    {
        if (run.Events is not { } events || run.IsMarkedEnded || run.Starting is { IsCompleted: false }) return;
        if (events.IsInDoubt) await runs.VerifyAsync(run, cancellationToken);
        if (run.IsMarkedEnded || !guest.IsCaughtUp) return;
        if (!run.Held)
        {
            // The guest has sent the end of a run that it reports as ended, if it still has it.
            var patience = run.EndedInGuest ? EndFramePatience : TimeSpan.FromSeconds(settings.Sandboxes.WithdrawSeconds);
            if (time.GetElapsedTime(run.AskedAt) >= patience) await runs.WithdrawOrLoseAsync(run, cancellationToken);
        }
        else if (events.Record.HasTimeout && run.RunningAt is { } running && time.GetElapsedTime(running) >= events.Record.Timeout + GraceOf(run) + KillDelay)
        {
            EnforceTimeout(run);
        }
        else if (events.Record.OnDisconnect is OnDisconnect.Interrupt && !run.Abandoned
            && events.UnreadFor >= (events.Record.Details?.DisconnectAfter ?? TimeSpan.FromSeconds(settings.Runs.DisconnectSeconds)))
        {
            Abandon(run);
        }
    }

    private void EnforceTimeout(RunEntry run)
    {
        if (run.KilledAt is null)
        {
            run.KilledAt = time.GetTimestamp();
            LogTimeoutEnforced(run.Id, records.Id);
            Send(new KillGuestRuns(run.Id, ExitReason.Timeout), onFailure: null);
        }
        else if (time.GetElapsedTime(run.KilledAt.Value) >= KillPatience)
        {
            termination.EndInBackground(EndReason.Stuck, run.Id);
        }
    }

    private void Abandon(RunEntry run)
    {
        run.Abandoned = true;
        LogAbandoned(run.Id, records.Id);
        Send(new InterruptGuestRun(run.Id, GraceOf(run)), onFailure: () => run.Abandoned = false);
    }

    private TimeSpan GraceOf(RunEntry run) => run.Events!.Record.Details?.Grace ?? settings.Grace;

    private void Send(GuestRequest request, Action? onFailure)
    {
        if (guest.Port is { } port) Background.Run(logger, "guest request", SendAsync(port, request, onFailure));
    }

    private async Task SendAsync(GuestPort port, GuestRequest request, Action? onFailure)
    {
        try
        {
            await sender.SendAsync(port, request, CancellationToken.None);
        }
        catch (Exception e)
        {
            LogRequestFailed(e, records.Id, request.GetType().Name);
            onFailure?.Invoke();
        }
    }

    [LoggerMessage(LogLevel.Warning, "The guest of sandbox {Sandbox} stays away, and the engine does not say whether its container is paused; asking again.")]
    private partial void LogStateUnknown(Exception exception, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "Killed run {Run} in sandbox {Sandbox}: it did not obey its timeout.")]
    private partial void LogTimeoutEnforced(RunId run, SandboxId sandbox);

    [LoggerMessage(LogLevel.Information, "Interrupted run {Run} in sandbox {Sandbox}: nobody reads it.")]
    private partial void LogAbandoned(RunId run, SandboxId sandbox);

    [LoggerMessage(LogLevel.Warning, "The guest of sandbox {Sandbox} did not accept a request: {Request}.")]
    private partial void LogRequestFailed(Exception exception, SandboxId sandbox, string request);

    [LoggerMessage(LogLevel.Error, "Run {Run} in sandbox {Sandbox} could not be checked; it is checked again.")]
    private partial void LogCheckFailed(Exception exception, RunId run, SandboxId sandbox);
}
