using Podflare.Guests;
using Podflare.Hosts;
using Podflare.Processes;
using Podflare.Runs;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    private static readonly TimeSpan DeleteLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstRepeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRepeat = TimeSpan.FromSeconds(2);

    private Task? _end;
    private EndReason? _ending;
    private TaskCompletionSource? _drained;

    public async Task Delete(TenantId tenant)
    {
        GuardReadable(tenant);
        await EndWhenHostIsLostAsync();
        if (_tombstone.Exists) return;
        if (_end is null && !IsHome) throw new SandboxUnreachableException();
        using var span = Spans.Start(Spans.Destroy, Trace);
        Describe(span);
        try
        {
            await EndAsync(EndReason.Deleted).WaitAsync(DeleteLimit, time);
        }
        catch (TimeoutException)
        {
            throw new StorageUnavailableException();
        }
    }

    public async Task<bool> DeclareLost()
    {
        if (_tombstone.Exists || !_record.Exists) return false;
        var first = _end is null;
        await EndAsync(EndReason.Lost).WaitAsync(DeleteLimit, time);
        return first;
    }

    private void EndInBackground(EndReason why, RunId? stuck = null) => EndAsync(why, stuck).Ignore();

    /// <summary>Every end of a sandbox takes this path, once; whoever comes later awaits it.</summary>
    private Task EndAsync(EndReason why, RunId? stuck = null)
    {
        // A failure means that another activation has taken over, or that this one stops: the next one goes on from the record.
        return _end ??= OnSchedulerAsync(() => EndCoreAsync(why, stuck));
    }

    private async Task EndCoreAsync(EndReason why, RunId? stuck)
    {
        RestoreTrace();
        // A delete has a span of its own, in the trace of whoever asked for it.
        using var span = why is EndReason.Deleted ? null : Spans.Start(Spans.Expire, Trace);
        Describe(span)?.SetTag(Spans.EndReason, why.ToString().ToLowerInvariant());
        LogEnding(_id, why);
        _ending = why;
        await _closing.CancelAsync();
        await Settled(_adopting ?? Task.CompletedTask);
        foreach (var run in _runs.All.ToArray()) await Settled(run.Starting ?? Task.CompletedTask);
        why = _record.Value.Ending ?? why;
        stuck = _record.Value.StuckRun is { } known ? new RunId(known) : stuck;
        var ending = _record.Value with { Ending = why, StuckRun = stuck?.Value, Owner = silo.SiloAddress.ToParsableString() };
        await RepeatAsync(() => StoreAsync(() => _record.WriteAsync(ending)));
        FaultPoint.Reach(FaultPoint.SandboxEnding);
        await StopGuestAsync(why);
        foreach (var run in await RepeatAsync(() => log.ListOpenAsync(_id, _deactivating.Token)))
        {
            await RepeatAsync(() => CloseRunAsync(run, why, stuck));
        }

        FaultPoint.Reach(FaultPoint.RunsClosed);
        await RepeatAsync(() => log.ExpireAsync(_id, why is EndReason.Deleted, _deactivating.Token));
        await BuryAsync(why);
    }

    private async Task StopGuestAsync(EndReason why)
    {
        if (_port is null) return;
        _pump!.Hurry();
        if (_runs.OpenCount > 0 && _port.Connected && why is not EndReason.Lost)
        {
            _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(Limits.EndPatienceSeconds), time);
            await Settled(_port.SendAsync(new KillGuestRuns(null, ExitOf(why, stuck: false).Reason), patience.Token));
            if (_runs.OpenCount > 0) await Settled(_drained.Task.WaitAsync(patience.Token));
        }

        // What has arrived is appended before we write an exit of our own: an END among it wins.
        await guests.CloseAsync(_id);
        await _pumping;
        _port = null;
    }

    private async Task CloseRunAsync(RunId run, EndReason why, RunId? stuck)
    {
        if (await FindAsync(run, _deactivating.Token) is not { } entry) return;
        var (code, reason) = ExitOf(why, stuck: run == stuck);
        if (await AppendExitAsync(entry, code, reason, _deactivating.Token) is AppendResult.Fenced)
        {
            OnReplaced();
            throw new SandboxUnreachableException();
        }

        if (entry.EndedAt is null) OnEnded(entry);
    }

    private async Task BuryAsync(EndReason why)
    {
        var buried = Info with
        {
            State = why is EndReason.Lost or EndReason.Stuck ? SandboxState.Lost : SandboxState.Ended,
            EndedAt = time.GetUtcNow(),
            EndReason = why,
        };
        var containerId = _record.Value.ContainerId;
        await RepeatAsync(() => StoreAsync(() => _tombstone.WriteAsync(new Tombstone { Sandbox = buried })));
        FaultPoint.Reach(FaultPoint.SandboxBuried);
        await RepeatAsync(() => StoreAsync(_record.ClearAsync));
        _alarm?.Dispose();
        DelayDeactivation(TimeSpan.Zero);
        LogEnded(_id, why);
        Instruments.SandboxEnded.Add(1, new KeyValuePair<string, object?>("reason", why.ToString().ToLowerInvariant()));
        await Settled(GrainFactory.GetGrain<IHostGrain>(_id.Host).Release(_id, containerId));
    }

    private static (int Code, ExitReason Reason) ExitOf(EndReason why, bool stuck) => why switch
    {
        EndReason.Deleted => (137, ExitReason.Killed),
        EndReason.Expired or EndReason.Idle => (137, ExitReason.Expired),
        EndReason.Stuck when stuck => (124, ExitReason.Timeout),
        _ => (255, ExitReason.Lost),
    };

    // Once the end has begun it is gone through with: each step is repeated until the store takes it or this activation stops.
    private async Task<T> RepeatAsync<T>(Func<Task<T>> step)
    {
        for (var wait = FirstRepeat; ; wait = wait * 2 < LongestRepeat ? wait * 2 : LongestRepeat)
        {
            try
            {
                return await step();
            }
            catch (StorageUnavailableException)
            {
                await Task.Delay(wait, time, _deactivating.Token);
            }
        }
    }

    private Task RepeatAsync(Func<Task> step) => RepeatAsync(async () =>
    {
        await step();
        return true;
    });

    // Only the activation that wrote last may write: another one's write makes ours fail, and we step down.
    private async Task StoreAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Orleans.Storage.InconsistentStateException)
        {
            OnReplaced();
            throw new SandboxUnreachableException();
        }
    }

    private static async Task Settled(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
}
