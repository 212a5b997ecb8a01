using Podflare.Hosts;
using Podflare.Streaming;

namespace Podflare.Sandboxes;

public sealed partial class SandboxGrain
{
    /// <summary>On a foreign worker: serve what the log has, until the host is back.</summary>
    private async Task BecomeOrphanAsync(CancellationToken cancellationToken)
    {
        RestoreTrace();
        LogOrphaned(_id);
        foreach (var run in await log.ListOpenAsync(_id, cancellationToken)) await OpenKnownAsync(run, cancellationToken);
    }

    /// <summary>Makes way as soon as the host is there; a silo that still believes the sandbox to be here can activate it here at any time.</summary>
    private void WatchForHost() => this.RegisterGrainTimer(
        StepDownAsync, new GrainTimerCreationOptions(silos.IsAlive(_id.Host) ? TimeSpan.Zero : Tick, Tick) { Interleave = true });

    private async Task StepDownAsync(CancellationToken cancellationToken)
    {
        if (_end is not null) return;
        if (silos.IsAlive(_id.Host))
        {
            RestoreTrace();
            MakeWay();
        }
        else if (time.GetUtcNow() - silos.LastAlive(_id.Host) > TimeSpan.FromSeconds(hostOptions.Value.GraceSeconds))
        {
            // A sandbox that was created just before its host died is not in the host's record, and its readers make no calls.
            RestoreTrace();
            await EndWhenHostIsLostAsync();
        }
    }

    // Moves to the owner instead of only ending here: whoever has this silo in its directory cache would begin another orphan here with its
    // next call, again and again, and the owner would never get the sandbox. Readers are told to subscribe again.
    private void MakeWay()
    {
        GrainContext.StopRunStreams();
        DelayDeactivation(TimeSpan.Zero);
        this.MigrateOnIdle();
    }

    /// <summary>An orphan that is called after the grace time ends itself: nobody else may be there to do it.</summary>
    private async ValueTask EndWhenHostIsLostAsync()
    {
        if (IsHome || _tombstone.Exists || !_record.Exists || _end is { IsCompleted: true } || silos.IsAlive(_id.Host)) return;
        var seen = await GrainFactory.GetGrain<IHostGrain>(_id.Host).LastSeen() ?? _record.Value.CreatedAt;
        var grace = TimeSpan.FromSeconds(hostOptions.Value.GraceSeconds);
        if (time.GetUtcNow() - seen <= grace || time.GetUtcNow() - silos.LastAlive(_id.Host) <= grace) return;
        await Settled(EndAsync(EndReason.Lost).WaitAsync(DeleteLimit, time));
    }
}
