using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podflare.Sandboxes;
using Podflare.Tenants;
using Podflare.Usage;

namespace Podflare.Pure.Usage;

/// <summary>The usage log of the embedded process. The suite Cluster has Redis agree with it.</summary>
public sealed class UsageLogTests : IDisposable
{
    private static readonly TenantId Tenant = new("acme");
    private static readonly DateOnly Day = new(2026, 11, 29);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("usage.").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Sums_are_exact_whatever_is_lost_repeated_or_late() => UsageScenario.Any.SampleAsync(
        async scenario =>
        {
            using var log = Open(Path.Combine(_folder, Guid.NewGuid().ToString("N")));
            await scenario.PlayAsync(log, Tenant, Day);
            Assert.Equal(scenario.Expected(), await UsageScenario.TotalsAsync(log, Tenant, Day));
        },
        iter: 200);

    [Fact]
    public async Task What_was_folded_survives_the_process()
    {
        using (var log = Open(_folder)) await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1, 2, 3, 4, 5, 6)), CancellationToken.None);
        using var next = Open(_folder);

        await next.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1, 2, 3, 4, 5, 6)), CancellationToken.None);

        Assert.Equal([new UsageRow(Day, "key_1", new UsageAmounts(2, 4, 6, 8, 10, 12))], await next.ReadAsync(Tenant, Day.AddDays(-1), Day.AddDays(1), CancellationToken.None));
        Assert.Equal([Tenant], await next.ListTenantsAsync(CancellationToken.None));
        Assert.Empty(await next.ReadAsync(new TenantId("other"), Day, Day, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_folded_is_flushed_to_the_disk_a_second_later()
    {
        using var log = Open(_folder);
        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1)), CancellationToken.None);
        using (var killed = Open(_folder)) Assert.Equal(1, Assert.Single(await killed.ReadAsync(Tenant, Day, Day, CancellationToken.None)).Amounts.Sandboxes);
        Assert.True(SpinWait.SpinUntil(IsFlushedASecondLater, TimeSpan.FromSeconds(20)));

        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000002"), Day, new UsageAmounts(1)), CancellationToken.None);
        // A loss of power may leave an empty file behind.
        await File.WriteAllBytesAsync(Assert.Single(Files(".written")), [], TestContext.Current.CancellationToken);

        using var next = Open(_folder);
        Assert.Equal(1, Assert.Single(await next.ReadAsync(Tenant, Day, Day, CancellationToken.None)).Amounts.Sandboxes);
    }

    [Fact]
    public async Task Days_are_removed_after_their_retention()
    {
        using var log = Open(_folder);
        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1)), CancellationToken.None);
        _time.Advance(TimeSpan.FromDays(400));
        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day.AddDays(400), new UsageAmounts(1)), CancellationToken.None);
        Assert.Single(await log.ReadAsync(Tenant, Day, Day, CancellationToken.None));

        _time.Advance(TimeSpan.FromDays(2));
        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day.AddDays(402), new UsageAmounts(1)), CancellationToken.None);

        Assert.Empty(await log.ReadAsync(Tenant, Day, Day, CancellationToken.None));
        Assert.Equal(2, (await log.ReadAsync(Tenant, Day, Day.AddDays(402), CancellationToken.None)).Count);
    }

    [Fact]
    public async Task A_disk_that_refuses_keeps_no_sandbox_from_ending()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        using var log = Open(file);

        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1)), CancellationToken.None);

        Assert.Equal(1, Assert.Single(await log.ReadAsync(Tenant, Day, Day, CancellationToken.None)).Amounts.Sandboxes);
        File.Delete(file);
        await log.FoldAsync(Tenant, Fold(SandboxId.New("00000001"), Day, new UsageAmounts(1)), CancellationToken.None);
        using var next = Open(file);
        Assert.Equal(2, Assert.Single(await next.ReadAsync(Tenant, Day, Day, CancellationToken.None)).Amounts.Sandboxes);
    }

    [Fact]
    public void A_sandbox_that_ended_is_forgotten_after_two_days()
    {
        var ledger = new UsageLedger(TimeSpan.FromHours(48), TimeSpan.FromDays(60));
        var (ended, living) = (SandboxId.New("00000001"), SandboxId.New("00000001"));
        ledger.Fold(Fold(living, Day, new UsageAmounts(1)), _time.GetUtcNow());
        ledger.Fold(Fold(ended, Day, new UsageAmounts(1)) with { IsFinal = true }, _time.GetUtcNow());
        Assert.Empty(ledger.Fold(Fold(ended, Day, new UsageAmounts(1, 7)), _time.GetUtcNow()));

        _time.Advance(TimeSpan.FromHours(48));
        ledger.Fold(Fold(living, Day, new UsageAmounts(1)), _time.GetUtcNow());

        Assert.Equal(1, ledger.Count);
    }

    private static UsageFold Fold(SandboxId sandbox, DateOnly day, UsageAmounts total) => new(sandbox, day, IsFinal: false, [new UsageSource("key_1", total)]);

    private bool IsFlushedASecondLater()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return Files(".json").Length == 1;
    }

    private string[] Files(string extension) => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Where(file => file.EndsWith(extension, StringComparison.Ordinal))];

    private FileUsageLog Open(string folder) => new(folder, new UsageOptions(), _time, NullLogger<FileUsageLog>.Instance);
}
