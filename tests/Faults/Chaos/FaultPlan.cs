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
    ];

    public static IEnumerable<Fault> Of(int seed, bool engine)
    {
        var random = new Random(seed);
        var kinds = engine ? [.. Kinds, (FaultKind.RestartEngine, 5)] : Kinds;
        var lastRedis = false;
        for (var number = 1; ; number++)
        {
            FaultKind kind;
            do kind = Draw(kinds, random);
            while (lastRedis && TakesRing(kind));

            // Where Redis loses its last seconds, the workers write them again. Both lost at one moment is the one case that is not promised.
            var killsRedis = kind is FaultKind.KillRedis or FaultKind.RestartRedis;
            var overlaps = random.Next(4) == 0 && !(TakesRing(kind) && !killsRedis && random.Next(2) == 0);
            var length = Lasts(kind) ? TimeSpan.FromSeconds(2 + Math.Pow(random.NextDouble(), 2) * 18) : TimeSpan.Zero;
            yield return new Fault(number, kind, random.Next(1_000), length, overlaps, TimeSpan.FromMilliseconds(random.Next(0, 1_500)));
            lastRedis = killsRedis && overlaps;
        }
    }

    private static bool Lasts(FaultKind kind) =>
        kind is FaultKind.StopWorker or FaultKind.StopFrontend or FaultKind.StopRedis or FaultKind.CutRedis or FaultKind.StallRedis;

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
