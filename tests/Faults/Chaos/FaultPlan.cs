namespace Podflare.Faults.Chaos;

/// <summary>The faults of a seed, in order, without end.</summary>
internal static class FaultPlan
{
    private static readonly (FaultKind Kind, int Weight)[] Kinds =
    [
        (FaultKind.KillWorker, 20),
        (FaultKind.StopWorker, 12),
        (FaultKind.RestartWorker, 8),
        (FaultKind.KillBothWorkers, 4),
        (FaultKind.KillFrontend, 14),
        (FaultKind.StopFrontend, 7),
        (FaultKind.RestartFrontend, 7),
        (FaultKind.KillRedis, 6),
        (FaultKind.StopRedis, 4),
        (FaultKind.RestartRedis, 4),
        (FaultKind.CutRedis, 6),
        (FaultKind.StallRedis, 4),
        (FaultKind.KillRepl, 12),
        (FaultKind.KillContainer, 4),
        (FaultKind.PauseContainer, 5),
        (FaultKind.HangEngine, 5),
        (FaultKind.RefuseEngine, 5),
        (FaultKind.EmptyEngine, 5),
        (FaultKind.ReadOnlyFolder, 4),
        (FaultKind.MoveFolder, 3),
        (FaultKind.StepClock, 8),
        (FaultKind.CopyHostId, 3),
        (FaultKind.FillRedis, 5),
        (FaultKind.RestoreRedis, 3),
        (FaultKind.PromoteReplica, 3),
    ];

    /// <param name="engine">Restarts of the container engine are drawn as well.</param>
    /// <param name="only">The kinds that are drawn; empty draws all.</param>
    public static IEnumerable<Fault> Of(int seed, bool engine, IReadOnlyCollection<FaultKind> only)
    {
        var random = new Random(seed);
        (FaultKind Kind, int Weight)[] all = engine ? [.. Kinds, (FaultKind.RestartEngine, 5)] : Kinds;
        (FaultKind Kind, int Weight)[] kinds = [.. all.Where(kind => only.Count == 0 || only.Contains(kind.Kind))];
        var (lastRedis, lastOverlaps) = (false, false);
        for (var number = 1; ; number++)
        {
            FaultKind kind;
            do kind = Draw(kinds, random);
            while (only.Count == 0 && ((lastRedis && TakesRing(kind)) || (lastOverlaps && Rewinds(kind))));

            // Where Redis loses its last seconds, the workers write them again. Both lost at one moment is the one case that is not promised.
            var killsRedis = kind is FaultKind.KillRedis or FaultKind.RestartRedis;
            var overlaps = random.Next(4) == 0 && !Rewinds(kind) && !(TakesRing(kind) && !killsRedis && random.Next(2) == 0);
            var length = Lasts(kind) ? TimeSpan.FromSeconds(2 + Math.Pow(random.NextDouble(), 2) * 18) : TimeSpan.Zero;
            yield return new Fault(number, kind, random.Next(1_000), length, overlaps, TimeSpan.FromMilliseconds(random.Next(0, 1_500)));
            (lastRedis, lastOverlaps) = (killsRedis && overlaps, overlaps);
        }
    }

    private static bool Lasts(FaultKind kind) => kind is
        FaultKind.StopWorker or FaultKind.StopFrontend or FaultKind.StopRedis or FaultKind.CutRedis or FaultKind.StallRedis or FaultKind.PauseContainer
        or FaultKind.HangEngine or FaultKind.RefuseEngine or FaultKind.EmptyEngine or FaultKind.ReadOnlyFolder or FaultKind.MoveFolder
        or FaultKind.CopyHostId or FaultKind.FillRedis or FaultKind.RestoreRedis or FaultKind.PromoteReplica;

    /// <summary>Redis forgets what it had answered. A worker that dies at the same time takes with it what could be written again.</summary>
    private static bool Rewinds(FaultKind kind) => kind is FaultKind.RestoreRedis or FaultKind.PromoteReplica;

    private static bool TakesRing(FaultKind kind) => kind is FaultKind.KillWorker or FaultKind.KillBothWorkers or FaultKind.RestartWorker or FaultKind.StopWorker;

    private static FaultKind Draw((FaultKind Kind, int Weight)[] kinds, Random random)
    {
        var at = random.Next(kinds.Sum(kind => kind.Weight));
        foreach (var (kind, weight) in kinds)
        {
            if ((at -= weight) < 0) return kind;
        }

        throw new InvalidOperationException("Weights are positive.");
    }
}
