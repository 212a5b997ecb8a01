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
        this.RegisterGrainTimer(StepDownAsync, new GrainTimerCreationOptions(Tick, Tick) { Interleave = true });
    }

    // Readers are told to subscribe again; the next call then lands on the owner.
    private Task StepDownAsync(CancellationToken cancellationToken)
    {
        if (_end is not null || !silos.IsAlive(_id.Host)) return Task.CompletedTask;
        RestoreTrace();
        GrainContext.StopRunStreams();
        DeactivateWhenIdle();
        return Task.CompletedTask;
    }

    /// <summary>An orphan that is called after the grace time ends itself: nobody else may be there to do it.</summary>
    private async ValueTask EndWhenHostIsLostAsync()
    {
        if (IsHome || _tombstone.Exists || !_record.Exists || _end is { IsCompleted: true } || silos.IsAlive(_id.Host)) return;
        var seen = await GrainFactory.GetGrain<IHostGrain>(_id.Host).LastSeen() ?? _record.Value.CreatedAt;
        if (time.GetUtcNow() - seen <= TimeSpan.FromSeconds(hostOptions.Value.GraceSeconds)) return;
        await Settled(EndAsync(EndReason.Lost).WaitAsync(DeleteLimit, time));
    }
}
