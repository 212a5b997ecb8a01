using CsCheck;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Usage;

namespace Podflare.Pure.Usage;

/// <summary>
/// Sandboxes whose counters grow, and folds of them: some are lost, some repeated, some come late and over each other. The last fold of each sandbox
/// arrives, because the end of a sandbox is repeated until it does.
/// </summary>
internal sealed record UsageScenario(UsageScenario.Step[] Steps)
{
    private const int Sandboxes = 6;
    private static readonly string?[] Keys = ["key_1", "key_2", null];

    private readonly SandboxId[] _ids = [.. Enumerable.Range(0, Sandboxes).Select(_ => SandboxId.New("00000001"))];

    public static readonly Gen<UsageScenario> Any =
        from steps in Gen.Select(
            Gen.Int[0, Sandboxes - 1], Gen.Int[0, 2], Gen.Select(Gen.Long[0, 1], Gen.Long[0, 100_000], Gen.Long[0, 1L << 40], Gen.Long[0, 1000], Gen.Long[0, 3], Gen.Long[0, 5000]),
            Gen.Int[0, 9], Gen.Int[0, 5], static (sandbox, key, growth, fate, age) => new Step(
                sandbox, key, new UsageAmounts(growth.Item1, growth.Item2, growth.Item3, growth.Item4, growth.Item5, growth.Item6), fate, age)).Array[1, 60]
        select new UsageScenario(steps);

    /// <summary>What the counters say at the end, per key.</summary>
    public SortedDictionary<string, UsageAmounts> Expected()
    {
        SortedDictionary<string, UsageAmounts> sums = new(StringComparer.Ordinal);
        foreach (var step in Steps)
        {
            var key = Keys[step.Key] ?? "";
            sums[key] = sums.GetValueOrDefault(key) + step.Growth;
        }

        foreach (var nothing in sums.Where(sum => sum.Value == default).Select(sum => sum.Key).ToArray()) sums.Remove(nothing);
        return sums;
    }

    public static async Task<SortedDictionary<string, UsageAmounts>> TotalsAsync(IUsageLog log, TenantId tenant, DateOnly day)
    {
        SortedDictionary<string, UsageAmounts> sums = new(StringComparer.Ordinal);
        foreach (var row in await log.ReadAsync(tenant, day.AddDays(-1), day.AddDays(1), CancellationToken.None))
            sums[row.Key ?? ""] = sums.GetValueOrDefault(row.Key ?? "") + row.Amounts;
        return sums;
    }

    public async Task PlayAsync(IUsageLog log, TenantId tenant, DateOnly day)
    {
        var counters = new Dictionary<string, UsageAmounts>[Sandboxes];
        var sent = new List<UsageFold>[Sandboxes];
        for (var i = 0; i < Sandboxes; i++) (counters[i], sent[i]) = ([], []);
        foreach (var step in Steps)
        {
            var counter = counters[step.Sandbox];
            var field = Keys[step.Key] ?? UsageSource.NoKey;
            counter[field] = counter.GetValueOrDefault(field) + step.Growth;
            var fold = Fold(step.Sandbox, day.AddDays(step.Fate % 2), isFinal: false);
            sent[step.Sandbox].Add(fold);
            if (step.Fate < 3) continue;
            await log.FoldAsync(tenant, fold, CancellationToken.None);
            if (step.Fate > 6) await log.FoldAsync(tenant, fold, CancellationToken.None);
            if (step.Age < sent[step.Sandbox].Count) await log.FoldAsync(tenant, sent[step.Sandbox][^(step.Age + 1)], CancellationToken.None);
        }

        for (var i = 0; i < Sandboxes; i++)
        {
            var last = Fold(i, day, isFinal: true);
            await log.FoldAsync(tenant, last, CancellationToken.None);
            await log.FoldAsync(tenant, last, CancellationToken.None);
            foreach (var late in sent[i]) await log.FoldAsync(tenant, late, CancellationToken.None);

            // Nothing of a sandbox that has ended is believed any more.
            await log.FoldAsync(tenant, last with { Sources = [new UsageSource("key_1", new UsageAmounts(9, 9, 9, 9, 9, 1L << 40))] }, CancellationToken.None);
        }

        UsageFold Fold(int sandbox, DateOnly at, bool isFinal) => new(
            _ids[sandbox], at, isFinal, [.. counters[sandbox].Select(source => new UsageSource(UsageSource.KeyOf(source.Key), source.Value))]);
    }

    /// <param name="Fate">Below 3: this fold is lost; above 6: it comes twice; odd ones count to the next day.</param>
    /// <param name="Age">How many folds ago the one was that comes again.</param>
    internal sealed record Step(int Sandbox, int Key, UsageAmounts Growth, int Fate, int Age);
}
