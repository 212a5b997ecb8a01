namespace Podflare.Faults.Chaos;

/// <summary>What can be done to a cluster.</summary>
internal enum FaultKind
{
    KillWorker,
    StopWorker,
    RestartWorker,
    KillBothWorkers,
    KillFrontend,
    StopFrontend,
    RestartFrontend,
    KillRedis,
    StopRedis,
    RestartRedis,
    CutRedis,
    StallRedis,
    KillRepl,
    KillContainer,
    PauseContainer,
    HangEngine,
    RefuseEngine,
    EmptyEngine,
    ReadOnlyFolder,
    MoveFolder,
    StepClock,
    CopyHostId,
    FillRedis,
    RestoreRedis,
    PromoteReplica,
    RestartEngine,
}

/// <summary>One fault of a plan.</summary>
/// <param name="Target">Which worker, frontend or sandbox: whoever needs less takes the remainder.</param>
/// <param name="Length">For stops and cuts.</param>
/// <param name="Overlaps">The next fault comes without waiting until everything goes on again.</param>
/// <param name="Pause">Before the next fault.</param>
internal sealed record Fault(int Number, FaultKind Kind, int Target, TimeSpan Length, bool Overlaps, TimeSpan Pause)
{
    public string Name => Kind switch
    {
        FaultKind.KillWorker => "kill -9 of a worker",
        FaultKind.StopWorker => "worker stopped (SIGSTOP) for 2 to 20 s",
        FaultKind.RestartWorker => "worker restarted (SIGTERM)",
        FaultKind.KillBothWorkers => "kill -9 of both workers",
        FaultKind.KillFrontend => "kill -9 of a frontend",
        FaultKind.StopFrontend => "frontend stopped (SIGSTOP) for 2 to 20 s",
        FaultKind.RestartFrontend => "frontend restarted (SIGTERM)",
        FaultKind.KillRedis => "kill -9 of Redis",
        FaultKind.StopRedis => "Redis stopped (SIGSTOP) for 2 to 20 s",
        FaultKind.RestartRedis => "Redis restarted (SIGTERM)",
        FaultKind.CutRedis => "Redis cut off for 2 to 20 s",
        FaultKind.StallRedis => "Redis silent for 2 to 20 s",
        FaultKind.KillRepl => "kill -9 of a sandbox's REPL",
        FaultKind.KillContainer => "kill -9 of a sandbox's container",
        FaultKind.PauseContainer => "a sandbox paused (docker pause) for 2 to 20 s",
        FaultKind.HangEngine => "a worker's engine hangs for 2 to 20 s",
        FaultKind.RefuseEngine => "a worker's engine refuses for 2 to 20 s",
        FaultKind.EmptyEngine => "a worker's engine lists nothing for 2 to 20 s",
        FaultKind.ReadOnlyFolder => "run folder read-only for 2 to 20 s",
        FaultKind.MoveFolder => "socket folders gone for 2 to 20 s",
        FaultKind.StepClock => "clock of a worker stepped by 70 s or 1 h",
        FaultKind.CopyHostId => "second worker with a copied host id",
        FaultKind.FillRedis => "Redis full for 2 to 20 s",
        FaultKind.RestoreRedis => "Redis restored to a state up to 5 s old",
        FaultKind.PromoteReplica => "replica promoted that is up to 5 s behind",
        FaultKind.RestartEngine => "Docker daemon restarted",
        _ => Kind.ToString(),
    };

    public override string ToString() => Length > TimeSpan.Zero ? $"#{Number} {Kind} {Target} for {Length.TotalSeconds:0.0} s" : $"#{Number} {Kind} {Target}";
}
