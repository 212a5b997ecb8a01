using Microsoft.Extensions.Logging;
using Podflare.Hosts;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>
/// A sandbox on the worker of another host, because its own host is away. It serves what the log has, moves to its host as soon as that
/// is back, and ends after the grace time.
/// </summary>
/// <param name="moveToOwner">Moves the activation to the sandbox's own host.</param>
internal sealed partial class OrphanedSandbox(
    SandboxRecords records, SandboxRuns runs, SandboxTermination termination, SandboxHosts hosts, TimeProvider time, ILogger logger,
    Action moveToOwner)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);

    private IGrainTimer? _timer;

    /// <summary>
    /// Watches for the host. A silo that still takes this one for the place of the sandbox can activate it here at any time, so that the
    /// host may be back already.
    /// </summary>
    public void Watch(IGrainBase grain) => _timer = grain.RegisterGrainTimer(
        CheckHostAsync, new GrainTimerCreationOptions(hosts.IsAlive(records.Id) ? TimeSpan.Zero : CheckInterval, CheckInterval) { Interleave = true });

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        records.EnterTrace();
        LogOrphaned(records.Id);
        await runs.OpenAllAsync(cancellationToken);
    }

    public void Stop() => _timer?.Dispose();

    /// <summary>Ends the sandbox once its host has been away for the grace time, because nobody else may be there to do it.</summary>
    public async ValueTask EndWhenHostIsLostAsync()
    {
        if (records.HasTombstone || !records.HasRecord || termination.IsDone || hosts.IsAlive(records.Id) || !IsGraceOver()) return;
        await GrainTask.IgnoreFailure(termination.EndAsync(EndReason.Lost).WaitAsync(EndLimit, time));
    }

    private async Task CheckHostAsync(CancellationToken cancellationToken)
    {
        if (termination.IsEnding) return;
        if (hosts.IsAlive(records.Id))
        {
            records.EnterTrace();
            moveToOwner();
        }
        else if (IsGraceOver())
        {
            // A sandbox that was created just before its host died is not in the host's record, and its readers make no calls.
            records.EnterTrace();
            await EndWhenHostIsLostAsync();
        }
    }

    private bool IsGraceOver() => hosts.AwayFor(records.Id) > hosts.Grace;

    [LoggerMessage(LogLevel.Information, "Serving sandbox {Sandbox} from the log: its host is away.")]
    private partial void LogOrphaned(SandboxId sandbox);
}
