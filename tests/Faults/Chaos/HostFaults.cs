using System.Diagnostics;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>Hurts what a worker needs on its machine: the container engine, the run folder, the clock, and a host id of its own.</summary>
internal sealed class HostFaults(FaultCluster cluster)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan[] Steps = [TimeSpan.FromSeconds(70), TimeSpan.FromSeconds(-70), TimeSpan.FromHours(1), TimeSpan.FromHours(-1)];

    public async Task BreakEngineAsync(int worker, Action<EngineProxy> how, TimeSpan length, CancellationToken cancellationToken)
    {
        how(cluster.Engines[worker]);
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            cluster.Engines[worker].Mend();
        }
    }

    public async Task BreakFolderAsync(int worker, Action<string> how, TimeSpan length, CancellationToken cancellationToken)
    {
        var folder = cluster.RunFolder(FaultCluster.Workers[worker]);
        how(folder);
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            BrokenFolder.Mend(folder);
        }
    }

    /// <summary>Sets the wall clock of one worker, which stays as it is until the next step.</summary>
    /// <returns>False where clocks cannot be shifted.</returns>
    public bool StepClock(int worker, int draw)
    {
        if (cluster.Clocks.Length == 0) return false;
        cluster.Clocks[worker].Set(Steps[draw % Steps.Length]);
        return true;
    }

    /// <summary>Tries to start a second worker that has the host id of one that runs. It may end by itself, and is ended after this time.</summary>
    public async Task CopyHostIdAsync(int worker, TimeSpan length, CancellationToken cancellationToken)
    {
        using var copy = cluster.StartCopyOf(FaultCluster.Workers[worker]);
        try
        {
            await Task.WhenAny(copy.WaitForExitAsync(cancellationToken), Clock.Delay(length, cancellationToken));
        }
        finally
        {
            if (!copy.HasExited) await StopAsync(copy);
        }
    }

    private static async Task StopAsync(Process process)
    {
        FaultCluster.Signal(process.Id, "TERM");
        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(StopLimit);
        }
        catch (TimeoutException)
        {
            process.Kill();
        }
    }
}
