using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Pure.Usage;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Usage;

public sealed class RedisUsageLogTests(RedisFixture fixture)
{
    private static readonly DateOnly Day = new(2026, 11, 29);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(60));
    private readonly TenantId _tenant = new(Guid.NewGuid().ToString("N"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private RedisUsageLog Log => new(fixture.Redis, Options.Create(new UsageOptions()), _time, NullLogger<RedisUsageLog>.Instance);

    [Fact]
    public Task Sums_are_exact_whatever_is_lost_repeated_or_late() => UsageScenario.Any.SampleAsync(
        async scenario =>
        {
            var tenant = new TenantId(Guid.NewGuid().ToString("N"));
            var log = Log;
            await scenario.PlayAsync(log, tenant, Day);
            Assert.Equal(scenario.Expected(), await UsageScenario.TotalsAsync(log, tenant, Day));
        },
        iter: 100);

    [Fact]
    public async Task A_sandbox_that_ended_is_forgotten_after_two_days_and_a_day_after_its_retention()
    {
        var (ended, living) = (SandboxId.New("00000001"), SandboxId.New("00000001"));
        await Log.FoldAsync(_tenant, Fold(living, new UsageAmounts(1)), Cancel);
        await Log.FoldAsync(_tenant, Fold(ended, new UsageAmounts(1)) with { IsFinal = true }, Cancel);
        await Log.FoldAsync(_tenant, Fold(ended, new UsageAmounts(5)), Cancel);
        Assert.Equal(2, Assert.Single(await Log.ReadAsync(_tenant, Day, Day, Cancel)).Amounts.Sandboxes);

        _time.Advance(TimeSpan.FromHours(48));
        await Log.FoldAsync(_tenant, Fold(living, new UsageAmounts(1)), Cancel);

        var db = fixture.Redis.GetDatabase();
        Assert.Equal([living.Value], (await db.HashKeysAsync(UsageScripts.Open(_tenant))).Select(key => (string)key!));
        Assert.InRange((await db.KeyTimeToLiveAsync(UsageScripts.Day(_tenant, Day)))!.Value, TimeSpan.FromDays(399), TimeSpan.FromDays(400));
        Assert.Contains(_tenant, await Log.ListTenantsAsync(Cancel));
        Assert.Empty(await Log.ReadAsync(_tenant, Day.AddDays(1), Day.AddDays(40), Cancel));
    }

    private static UsageFold Fold(SandboxId sandbox, UsageAmounts total) => new(sandbox, Day, IsFinal: false, [new UsageSource(null, total)]);
}
