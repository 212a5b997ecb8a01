using System.Diagnostics;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>Makes faults happen.</summary>
internal sealed class Injector(FaultCluster cluster, IReadOnlyList<Lane> lanes)
{
    private static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <returns>When it was over, so that everything could go on; null where there was nothing to hurt.</returns>
    public async Task<DateTimeOffset?> MakeAsync(Fault fault, CancellationToken cancellationToken)
    {
        var worker = FaultCluster.Workers[fault.Target % 2];
        var frontend = FaultCluster.Frontends[fault.Target % 2];
        switch (fault.Kind)
        {
            case FaultKind.KillWorker:
                return await SignalAsync([worker], "KILL", cancellationToken);
            case FaultKind.KillBothWorkers:
                return await SignalAsync(FaultCluster.Workers, "KILL", cancellationToken);
            case FaultKind.RestartWorker:
                return await SignalAsync([worker], "TERM", cancellationToken);
            case FaultKind.KillFrontend:
                return await SignalAsync([frontend], "KILL", cancellationToken);
            case FaultKind.RestartFrontend:
                return await SignalAsync([frontend], "TERM", cancellationToken);
            case FaultKind.KillRedis:
                return await SignalAsync(["redis"], "KILL", cancellationToken);
            case FaultKind.RestartRedis:
                return await SignalAsync(["redis"], "TERM", cancellationToken);
            case FaultKind.StopWorker:
                return await StopAsync(worker, fault.Length, cancellationToken);
            case FaultKind.StopFrontend:
                return await StopAsync(frontend, fault.Length, cancellationToken);
            case FaultKind.StopRedis:
                return await StopAsync("redis", fault.Length, cancellationToken);
            case FaultKind.CutRedis:
                return await CutAsync(Cut.Refuse, fault.Length, cancellationToken);
            case FaultKind.StallRedis:
                return await CutAsync(Cut.Stall, fault.Length, cancellationToken);
            case FaultKind.KillRepl:
                return await HurtAsync(fault.Target, (lane, sandbox) => lane.KillReplAsync(sandbox));
            case FaultKind.KillContainer:
                return await HurtAsync(fault.Target, (lane, sandbox) => lane.KillContainerAsync(sandbox));
            case FaultKind.RestartEngine:
                return await RestartEngineAsync(cancellationToken);
            default:
                throw new UnreachableException($"{fault.Kind} is no fault.");
        }
    }

    // A process that is just being started again is waited for: then there is something to hurt.
    private async Task<DateTimeOffset?> SignalAsync(string[] names, string signal, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            var limit = Clock.Now + ComeBack;
            int? pid;
            while ((pid = cluster.Signal(name, signal)) is null)
            {
                if (Clock.Now > limit) throw new TimeoutException($"{name} does not run.");
                await Clock.Delay(Glance, cancellationToken);
            }

            // What is asked to stop goes on for a while, as it should.
            while (signal == "TERM" && cluster.Find(name) == pid) await Clock.Delay(Glance, cancellationToken);
        }

        return Clock.Now;
    }

    private async Task<DateTimeOffset?> StopAsync(string name, TimeSpan length, CancellationToken cancellationToken)
    {
        if (cluster.Signal(name, "STOP") is not { } pid) return null;
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            if (cluster.Find(name) == pid) FaultCluster.Signal(pid, "CONT");
        }

        return Clock.Now;
    }

    private async Task<DateTimeOffset?> CutAsync(Cut how, TimeSpan length, CancellationToken cancellationToken)
    {
        cluster.RedisProxy.Break(how);
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            cluster.RedisProxy.Mend();
        }

        return Clock.Now;
    }

    private async Task<DateTimeOffset?> HurtAsync(int target, Func<Lane, string, Task> hurt)
    {
        var lane = lanes[target % lanes.Count];
        if (lane.Sandbox is not { } sandbox) return null;
        try
        {
            await hurt(lane, sandbox);
        }
        catch (InvalidOperationException)
        {
            // It was deleted at this moment, or its container is gone already.
            return null;
        }

        return Clock.Now;
    }

    /// <summary>The engine of the whole machine: containers die with it unless it has live-restore.</summary>
    private async Task<DateTimeOffset?> RestartEngineAsync(CancellationToken cancellationToken)
    {
        foreach (var lane in lanes) lane.OnContainerKill();
        using var restart = Process.Start(Path.Combine(TestRun.Repository, "eng", "restart-docker.sh"))!;
        await restart.WaitForExitAsync(cancellationToken);
        if (restart.ExitCode != 0) throw new InvalidOperationException("The container engine did not come back.");
        return Clock.Now;
    }
}
