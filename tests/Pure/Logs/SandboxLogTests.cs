using Microsoft.Extensions.Time.Testing;
using Podflare.Sandboxes;

namespace Podflare.Logs;

/// <summary>What both logs of sandboxes have in common.</summary>
public abstract class SandboxLogTests
{
    private readonly SandboxId _sandbox = SandboxId.New("0123abcd");

    internal static SandboxLogOptions Options { get; } = new() { SandboxLines = 20, SandboxHours = 2, MaxMemoryLines = 1_000 };

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));

    protected abstract ISandboxLog Log { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_follow_each_other_and_end_at_the_newest_line()
    {
        await AddAsync(0, 5);
        var first = await Log.ReadAsync(_sandbox, 0, 3, Cancel);
        var second = await Log.ReadAsync(_sandbox, first.NextAfter, 3, Cancel);
        var last = await Log.ReadAsync(_sandbox, second.NextAfter, 3, Cancel);

        AssertPage(first, 3, 0, 0, 1, 2);
        AssertPage(second, 5, 0, 3, 4);
        AssertPage(last, 5, 0);
    }

    [Fact]
    public async Task Lines_that_have_left_and_lines_that_were_never_stored_are_counted_as_dropped()
    {
        await AddAsync(0, 15);
        await Log.AppendAsync(_sandbox, [.. Enumerable.Range(15, 15).Select(Line)], dropped: 4, Cancel);

        var page = await Log.ReadAsync(_sandbox, 0, 100, Cancel);

        Assert.Equal(Enumerable.Range(10, 20).Select(Line), page.Lines);
        Assert.Equal((34, 14), (page.NextAfter, page.Dropped));
        Assert.Equal(4, (await Log.ReadAsync(_sandbox, 10, 100, Cancel)).Dropped);
    }

    [Fact]
    public async Task A_number_that_the_log_has_not_reached_reads_from_the_beginning()
    {
        AssertPage(await Log.ReadAsync(_sandbox, 812, 10, Cancel), 0, 0);
        await AddAsync(0, 2);
        AssertPage(await Log.ReadAsync(_sandbox, 812, 10, Cancel), 2, 0, 0, 1);
    }

    [Fact]
    public async Task Each_sandbox_has_its_own_lines()
    {
        await AddAsync(0, 2);
        Assert.Empty((await Log.ReadAsync(SandboxId.New("0123abcd"), 0, 10, Cancel)).Lines);
    }

    protected static SandboxLogLine Line(int i) => new(DateTimeOffset.UnixEpoch.AddSeconds(i), "info", $"Line {i} é", "worker", i % 2 == 0 ? null : $"run_{i}", null);

    private Task AddAsync(int from, int count) => Log.AppendAsync(_sandbox, [.. Enumerable.Range(from, count).Select(Line)], dropped: 0, Cancel);

    private static void AssertPage(SandboxLogPage page, long nextAfter, long dropped, params int[] lines)
    {
        Assert.Equal(lines.Select(Line), page.Lines);
        Assert.Equal((nextAfter, dropped), (page.NextAfter, page.Dropped));
    }
}
