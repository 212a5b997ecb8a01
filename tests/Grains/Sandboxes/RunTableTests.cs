using Podflare.Harness;
using Podflare.Runs;

namespace Podflare.Sandboxes;

/// <summary>Readers that wait for runs that do not exist yet.</summary>
public sealed class RunTableTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_run_that_nobody_waits_for_any_more_is_forgotten()
    {
        using var clock = new Clock();
        var table = new RunTable(64, 16, 64, 10, 1024, clock);
        using var cancelled = new CancellationTokenSource();
        var waiting = table.ExpectAsync(RunId.New(), Limit, cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, table.ExpectedCount);
    }

    [Fact]
    public async Task A_reader_that_gives_up_does_not_take_the_run_from_the_next_one()
    {
        using var clock = new Clock();
        var table = new RunTable(64, 16, 64, 10, 1024, clock);
        var run = RunId.New();
        var first = table.ExpectAsync(run, Limit, TestContext.Current.CancellationToken);
        var second = table.ExpectAsync(run, TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
        clock.Advance(Limit);
        Assert.Null(await first);

        var entry = table.Enter(run);

        Assert.Same(entry, await second.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Equal(0, table.ExpectedCount);
    }
}
