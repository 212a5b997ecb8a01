using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Podflare.Audit;
using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Processes;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>
/// The one way in which a sandbox ends: stop its code, write the record, close its runs, write the tombstone, release the container. Each
/// step may safely be repeated, and all of it is repeated until it succeeds, until this activation stops, or until another one owns the
/// sandbox, which then continues from the record.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer and without a wait handle has nothing to dispose of.")]
internal sealed partial class SandboxTermination(
    SandboxRecords records, SandboxRuns runs, GuestSession guest, SandboxUsage usage, IEventLog log, GuestListener guests, IGrainFactory grains, SandboxSettings settings,
    TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPauseAfterFailure = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan IdlePatience = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan CallerLimit = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task? _end;
    private AuditOrigin? _origin;
    private bool _codeIsStopped;
    private bool _endingIsWritten;

    /// <summary>Cancelled when the sandbox ends or the activation stops.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Cancelled when the activation stops.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Why the sandbox ends; null while it lives.</summary>
    public EndReason? Reason { get; private set; }

    public bool IsEnding => _end is not null;

    public bool IsDone => _end is { IsCompleted: true };

    /// <summary>The adoption in progress, which the end waits for.</summary>
    public Task Adopting { get; set; } = Task.CompletedTask;

    /// <summary>The change of the record in progress, which the end waits for.</summary>
    public Task Updating { get; set; } = Task.CompletedTask;

    /// <summary>Explains why a sandbox is lost.</summary>
    public required ContainerLoss Loss { get; init; }

    /// <summary>Tells the tenant's feed.</summary>
    public required SandboxFeed Feed { get; init; }

    /// <summary>Called when the sandbox has ended.</summary>
    public Action Ended { get; set; } = () => { };

    /// <summary>Ends the sandbox, once; every later call waits for the same end.</summary>
    /// <param name="stuck">With <see cref="EndReason.Stuck"/>: the run that did not obey.</param>
    public Task EndAsync(EndReason why, RunId? stuck = null) => _end ??= GrainTask.Start(() => EndRepeatedlyAsync(why, stuck));

    public void EndInBackground(EndReason why, RunId? stuck = null) => Background.Run(logger, "sandbox end", EndAsync(why, stuck));

    /// <summary>Ends the sandbox because its tenant asks for it.</summary>
    /// <exception cref="StorageUnavailableException">It is not done in time. The end continues.</exception>
    /// <param name="origin">The caller, for the audit log.</param>
    public async Task DeleteAsync(AuditOrigin? origin)
    {
        _origin ??= origin;
        using var span = Spans.Start(Spans.Destroy, records.Trace);
        records.Describe(span);
        try
        {
            await EndAsync(EndReason.Deleted).WaitAsync(CallerLimit, time);
        }
        catch (TimeoutException)
        {
            throw new StorageUnavailableException();
        }
    }

    /// <summary>Ends the sandbox because its host reports that the container is gone, unless its guest is connected.</summary>
    /// <returns>True when this call has ended it.</returns>
    public async Task<bool> DeclareLostAsync()
    {
        if (records.HasTombstone || !records.HasRecord)
        {
            await (records.HasTombstone ? EndAgainAsync() : CloseLeftoverRunsAsync());
            return false;
        }

        if (!IsEnding && await guest.IsConnectedAsync())
        {
            LogOutvoted(records.Id);
            return false;
        }

        var first = !IsEnding;
        await EndAsync(EndReason.Lost).WaitAsync(CallerLimit, time);
        return first;
    }

    /// <exception cref="SandboxEndedException">It has ended or is about to.</exception>
    /// <exception cref="SandboxLostException">It is lost.</exception>
    public void GuardLiving()
    {
        records.GuardLiving();
        // The record says so a moment later.
        if (Reason is { } why) throw SandboxRecords.Gone(why);
    }

    /// <summary>Ends a sandbox that has ended once more where the store has lost that, because it came back with older data.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public async Task EndAgainAsync()
    {
        if (await records.HasLostTombstoneAsync())
        {
            var ended = records.Info!;
            LogEndedAgain(records.Id);
            foreach (var run in runs.Table.All.Where(run => run is { Ended: true, Events.IsInDoubt: true }).ToArray()) await runs.VerifyAsync(run, Stopping);
            await CloseAsync(await log.ListOpenAsync(records.Id, Stopping), ended.EndReason!.Value, stuck: null);
            await log.ExpireAsync(records.Id, ended.EndReason is EndReason.Deleted, Stopping);
            await usage.CompleteAsync(Stopping);
            await Feed.CompleteAsync(ended, Stopping);
            await records.WriteTombstoneAsync(ended, ended.EndReason is EndReason.Deleted ? _origin : null);
        }

        await records.ClearAsync();
        await CloseLeftoverRunsAsync();
    }

    /// <summary>Closes runs that are open although their sandbox has ended, or has a record no more.</summary>
    public async Task CloseLeftoverRunsAsync()
    {
        var open = await log.ListOpenAsync(records.Id, Stopping);
        // A sandbox that has lost its record was never told to the log as ended: nothing of it would ever expire.
        if (open.Count == 0 && (records.HasTombstone || (await log.ListRunsAsync(records.Id, Stopping)).Count == 0)) return;
        await CloseAsync(open, records.Info?.EndReason ?? EndReason.Lost, stuck: null);
        await log.ExpireAsync(records.Id, deleted: false, Stopping);
        LogLeftoverRuns(open.Count, records.Id);
    }

    /// <summary>The activation stops; an end that is not done is continued by the next one.</summary>
    public async Task StopAsync()
    {
        await _closing.CancelAsync();
        await _stopping.CancelAsync();
    }

    private async Task EndRepeatedlyAsync(EndReason why, RunId? stuck)
    {
        records.EnterTrace();
        // A delete has a span of its own, in the trace of the caller.
        using var span = why is EndReason.Deleted ? null : Spans.Start(Spans.Expire, records.Trace);
        records.Describe(span)?.SetTag(Spans.EndReason, why.ToString().ToLowerInvariant());
        LogEnding(records.Id, why);
        Reason = why;
        usage.End();
        await _closing.CancelAsync();
        await GrainTask.IgnoreFailure(Adopting);
        await GrainTask.IgnoreFailure(Updating);
        if (why is EndReason.Lost) Reason = why = await Loss.ExplainAsync(Stopping);
        var (outage, failure) = (new Backoff(FirstPause, LongestPause, time), new Backoff(FirstPause, LongestPauseAfterFailure, time));
        while (true)
        {
            Backoff pause;
            try
            {
                await EndOnceAsync(why, stuck);
                return;
            }
            catch (StorageUnavailableException)
            {
                // The store logs its outages.
                pause = outage;
            }
            catch (Exception e) when (!records.IsReplaced && !Stopping.IsCancellationRequested)
            {
                Instruments.EndsRepeated.Add(1);
                LogRepeated(e, records.Id);
                pause = failure;
            }

            await pause.WaitAsync(Stopping);
        }
    }

    private async Task EndOnceAsync(EndReason why, RunId? stuck)
    {
        if (!records.HasTombstone)
        {
            why = records.Record.Ending ?? why;
            _origin ??= records.Record.EndOrigin;
            stuck = records.Record.StuckRun is { } known ? new RunId(known) : stuck;
            foreach (var run in runs.Table.All.ToArray()) await GrainTask.IgnoreFailure(run.Starting ?? Task.CompletedTask);
            await StopCodeAsync(why);
            if (!_endingIsWritten) await records.WriteAsync(records.Record with { Ending = why, StuckRun = stuck?.Value, EndOrigin = _origin });
            _endingIsWritten = true;
            FaultPoint.Reach(FaultPoint.SandboxEnding);
            await DetachGuestAsync();
            await CloseAsync(await log.ListOpenAsync(records.Id, Stopping), why, stuck);
            FaultPoint.Reach(FaultPoint.RunsClosed);
            await log.ExpireAsync(records.Id, why is EndReason.Deleted, Stopping);
            // The store may have executed an accept late, whose caller had given up. From here on it refuses them.
            await CloseAsync(await log.ListOpenAsync(records.Id, Stopping), why, stuck);
            await usage.CompleteAsync(Stopping);
            var ended = Tombstone(why);
            await Feed.CompleteAsync(ended, Stopping);
            await records.WriteTombstoneAsync(ended, why is EndReason.Deleted ? _origin : null);
            FaultPoint.Reach(FaultPoint.TombstoneWritten);
            await records.ClearAsync();
            await CloseLeftoverRunsAsync();
        }
        else
        {
            // An earlier attempt wrote the tombstone and failed after that: perhaps because the store went away, and came back without it.
            await EndAgainAsync();
        }

        LogEnded(records.Id, why);
        Instruments.SandboxEnded.Add(1, new KeyValuePair<string, object?>("reason", why.ToString().ToLowerInvariant()));
        Ended();
        ReturnReservation();
        // If this fails, the sweep of the host finds the container.
        if (records.ContainerId is { } containerId) await GrainTask.IgnoreFailure(grains.GetGrain<IHostGrain>(records.Id.Host).Release(records.Id, containerId));
    }

    // If this is lost, the tenant's next count on the hosts notices.
    private void ReturnReservation()
    {
        if (records.Info is { Creation: { } creation, Tenant: var tenant } && settings.Tenants.Find(tenant) is not null)
            Background.Run(logger, "return of a reservation", grains.GetGrain<ITenantGrain>(tenant.Value).Settle(creation, sandbox: null));
    }

    /// <summary>Kills the code before anything that needs the store, which may be away, and gives it a moment to report its end.</summary>
    private async Task StopCodeAsync(EndReason why)
    {
        if (_codeIsStopped || guest.Port is not { } port) return;
        _codeIsStopped = true;
        guest.StopWaitingForReaders();
        if (!port.Connected || why is EndReason.Lost or EndReason.Oom) return;
        var reason = why switch
        {
            EndReason.Deleted => ExitReason.Killed,
            EndReason.Stuck => ExitReason.Timeout,
            _ => ExitReason.Expired,
        };
        // Without open runs only the CPU time is of interest, which the guest reports in its answer.
        var limit = TimeSpan.FromSeconds(settings.Sandboxes.EndPatienceSeconds);
        using var patience = new CancellationTokenSource(runs.Table.OpenCount > 0 || limit < IdlePatience ? limit : IdlePatience, time);
        await GrainTask.IgnoreFailure(port.SendAsync(new KillGuestRuns(null, reason), patience.Token));
        usage.Sample();
        await GrainTask.IgnoreFailure(runs.WaitUntilAllEndedAsync().WaitAsync(patience.Token));
    }

    // What has arrived is logged before the worker makes an exit of its own: an end that the guest reported wins.
    private async Task DetachGuestAsync()
    {
        if (guest.Port is null) return;
        await guests.EndAsync(records.Id);
        await guest.WaitUntilDrainedAsync();
    }

    private async Task CloseAsync(IReadOnlyList<RunId> open, EndReason why, RunId? stuck)
    {
        // The run with the late output is the last one that ends.
        foreach (var run in open.OrderBy(run => run == runs.Background.Id))
        {
            var (code, reason) = SandboxExit.Of(why, isStuck: run == stuck);
            try
            {
                // The log has lost the exit that this activation wrote, and perhaps more than memory holds.
                if (runs.Table.Find(run) is { Ended: true } ended && await ended.Events!.VerifyAsync(Stopping) is AppendResult.Behind) runs.Table.Remove(ended);
                await runs.CloseAsync(run, code, reason, Stopping);
            }
            catch (Exception e) when (e is not OperationCanceledException && !Transient.IsTransient(e))
            {
                // One run that cannot be read or closed does not keep the others, nor their sandbox, from ending.
                LogNotClosed(e, run, records.Id);
            }
        }
    }

    private SandboxInfo Tombstone(EndReason why) => records.Info! with
    {
        State = why is EndReason.Lost or EndReason.Stuck or EndReason.Oom ? SandboxState.Lost : SandboxState.Ended,
        EndedAt = time.GetUtcNow(),
        EndReason = why,
    };
}
