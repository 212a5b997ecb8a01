using CsCheck;

namespace Podflare.Limits;

/// <summary>How a limit is divided among processes.</summary>
public sealed class QuotaMathTests
{
    private const double Precision = 1e-6;

    private static readonly Gen<double[]> Wanted = Gen.Double[0, 500].Array[1, 8];

    [Fact]
    public void The_shares_of_a_rate_never_exceed_it() =>
        Gen.Select(Gen.Double[0, 1_000], Wanted, Gen.Int[0, 12]).Sample((limit, wanted, processes) =>
            Assert.True(QuotaMath.Divide(limit, wanted, processes).Sum() <= limit + Precision));

    [Fact]
    public void A_rate_is_divided_max_min_fair() =>
        Gen.Select(Gen.Double[1, 1_000], Wanted).Sample((limit, wanted) =>
        {
            var shares = QuotaMath.Divide(limit, wanted, wanted.Length);
            for (var i = 0; i < wanted.Length; i++)
            {
                // Whoever has less than it wants has no less than anybody else: taking from another one would only help to take from a poorer one.
                if (shares[i] >= wanted[i] - Precision) continue;
                Assert.All(shares, share => Assert.True(share <= shares[i] + Precision));
                Assert.Equal(limit, shares.Sum(), Precision);
            }
        });

    [Fact]
    public void Whole_shares_never_exceed_the_limit_and_are_fair_to_one() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 30].Array[1, 8], Gen.Int[0, 12]).Sample((limit, wanted, processes) =>
        {
            var shares = QuotaMath.DivideWhole(limit, wanted, processes);
            Assert.True(shares.Sum() <= limit);
            for (var i = 0; i < wanted.Length; i++)
            {
                if (shares[i] >= wanted[i]) continue;
                Assert.Equal(limit, shares.Sum());
                Assert.All(shares, share => Assert.True(share <= shares[i] + 1));
            }
        });

    [Theory]
    [InlineData(10, new[] { 1, 0 }, 2, new[] { 5, 4 })]
    [InlineData(10, new[] { 20, 1 }, 2, new[] { 9, 1 })]
    [InlineData(10, new[] { 20, 20, 20 }, 3, new[] { 3, 3, 4 })]
    [InlineData(2, new[] { 5, 5, 5 }, 3, new[] { 0, 1, 1 })]
    [InlineData(10, new[] { 3 }, 4, new[] { 4 })]
    public void What_nobody_wants_is_kept_for_processes_that_come(int limit, int[] wanted, int processes, int[] shares) =>
        Assert.Equal(shares, QuotaMath.DivideWhole(limit, wanted, processes));

    [Fact]
    public void What_nobody_wants_of_a_rate_is_kept_for_processes_that_come() => Assert.Equal([40, 20], QuotaMath.Divide(100, [20, 0], 4).Select(share => Math.Round(share, 6)));

    [Fact]
    public void A_grant_grows_only_into_what_no_other_process_holds() =>
        Gen.Select(Gen.Double[0, 100], Gen.Double[0, 100], Gen.Double[0, 100], Gen.Double[0, 200]).Sample((limit, target, held, others) =>
        {
            var granted = QuotaMath.Grant(limit, target, held, others);
            if (target <= held) Assert.Equal(target, granted);
            else Assert.True(granted >= held && (granted == held || granted + others <= limit + Precision));
        });
}
