using System.Diagnostics;
using Podflare.EndToEnd.Services;
using Podflare.Faults.Services;

namespace Podflare.Faults.Chaos;

/// <summary>Makes faults happen.</summary>
internal sealed class Injector(FaultCluster cluster, IReadOnlyList<Lane> lanes, Periods rewinds, Periods fills)
{
    private static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private readonly RedisFaults _redis = new(cluster);
    private readonly HostFaults _hosts = new(cluster);

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
            case FaultKind.PauseContainer:
                return await HurtAsync(fault.Target, (_, sandbox) => PauseAsync(sandbox, fault.Length, cancellationToken));
            case FaultKind.RestartEngine:
                return await RestartEngineAsync(cancellationToken);
            case FaultKind.RestoreRedis:
                return await RewindAsync(() => _redis.RestoreAsync(Age(fault), cancellationToken));
            case FaultKind.PromoteReplica:
                return await RewindAsync(() => _redis.PromoteReplicaAsync(Age(fault), cancellationToken));
            case FaultKind.StepClock:
                return _hosts.StepClock(fault.Target % 2, fault.Target / 2) ? Clock.Now : null;
        }

        await MakeLastingAsync(fault, cancellationToken);
        return Clock.Now;
    }

    private Task MakeLastingAsync(Fault fault, CancellationToken cancellationToken) => fault.Kind switch
    {
        FaultKind.HangEngine => _hosts.BreakEngineAsync(fault.Target % 2, engine => engine.Break(Cut.Stall), fault.Length, cancellationToken),
        FaultKind.RefuseEngine => _hosts.BreakEngineAsync(fault.Target % 2, engine => engine.Break(Cut.Refuse), fault.Length, cancellationToken),
        FaultKind.EmptyEngine => _hosts.BreakEngineAsync(fault.Target % 2, engine => engine.ListNothing(), fault.Length, cancellationToken),
        FaultKind.ReadOnlyFolder => _hosts.BreakFolderAsync(fault.Target % 2, BrokenFolder.Break, fault.Length, cancellationToken),
        FaultKind.MoveFolder => _hosts.BreakFolderAsync(fault.Target % 2, BrokenFolder.MoveAway, fault.Length, cancellationToken),
        FaultKind.CopyHostId => _hosts.CopyHostIdAsync(fault.Target % 2, fault.Length, cancellationToken),
        FaultKind.FillRedis => FillAsync(fault.Length, cancellationToken),
        _ => throw new UnreachableException($"{fault.Kind} is not a fault."),
    };

    // Of the 2 to 20 s that a fault may last: half a second to five.
    private static TimeSpan Age(Fault fault) => fault.Length / 4;

    private async Task<DateTimeOffset?> RewindAsync(Func<Task> rewind)
    {
        rewinds.Begin();
        await rewind();
        rewinds.End();
        return Clock.Now;
    }

    private async Task FillAsync(TimeSpan length, CancellationToken cancellationToken)
    {
        fills.Begin();
        await _redis.FillAsync(length, cancellationToken);
        fills.End();
    }

    private static async Task PauseAsync(string sandbox, TimeSpan length, CancellationToken cancellationToken)
    {
        await Engine.PauseAsync(sandbox);
        try
        {
            await Clock.Delay(length, cancellationToken);
        }
        finally
        {
            await Engine.UnpauseAsync(sandbox);
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
