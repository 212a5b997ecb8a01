using System.Text;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>How every event log keeps the spans of runs.</summary>
public abstract class SpanLogTests
{
    protected const int MaxTraceBytes = 16 * 1024;

    private readonly RunRecord _run = EventLogTests.NewRecord();

    protected SandboxId Sandbox { get; } = SandboxId.New("0123abcd");

    protected RunRecord Run => _run;

    protected abstract IEventLog Log { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_are_read_in_their_order_and_one_that_comes_again_is_known()
    {
        await AcceptAsync();
        Assert.Equal(SpansOutcome.Kept, await AddAsync(1, "a"));
        Assert.Equal(SpansOutcome.Kept, await AddAsync(5, "b"));
        Assert.Equal(SpansOutcome.Known, await AddAsync(5, "b"));
        Assert.Equal(SpansOutcome.Known, await AddAsync(1, "a"));
        Assert.Equal("a b, 0 dropped", await ReadAsync());
    }

    [Fact]
    public async Task The_last_eighth_is_for_spans_at_the_top_and_what_does_not_fit_is_counted_once()
    {
        await AcceptAsync();
        Assert.Equal(SpansOutcome.Kept, await AddAsync(1, new string('a', MaxTraceBytes / 8 * 7)));
        Assert.Equal(SpansOutcome.NoRoom, await AddAsync(2, "b", spans: 3));
        Assert.Equal(SpansOutcome.Known, await AddAsync(2, "b", spans: 3));
        Assert.Equal(SpansOutcome.Kept, await AddAsync(3, "c", areTop: true, dropped: 2));
        Assert.Equal(SpansOutcome.NoRoom, await AddAsync(4, new string('d', MaxTraceBytes / 8), spans: 10, areTop: true));
        Assert.EndsWith("a c, 15 dropped", await ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spans_may_come_after_the_end_of_the_run_also_of_one_that_ended_at_once()
    {
        await AcceptAsync();
        await AddAsync(1, "a");
        await EndAsync();
        Assert.Equal(SpansOutcome.Kept, await AddAsync(2, "b", dropped: 1));
        Assert.Equal(SpansOutcome.Known, await AddAsync(1, "a"));
        Assert.Equal("a b, 1 dropped", await ReadAsync());
        Assert.True((await Log.FindRunAsync(Sandbox, _run.Id, Cancel))!.Ended);
    }

    [Fact]
    public async Task A_run_that_does_not_exist_has_no_spans()
    {
        Assert.Equal(SpansOutcome.NoRun, await AddAsync(1, "a"));
        await AcceptAsync();
        await AddAsync(1, "a");
        Assert.True(await Log.WithdrawAsync(Sandbox, _run.Id, Cancel));
        Assert.Equal(", 0 dropped", await ReadAsync());
        Assert.Equal(SpansOutcome.NoRun, await AddAsync(2, "b"));
        await AcceptAsync();
        Assert.Equal(", 0 dropped", await ReadAsync());
        await AddAsync(1, "a");
        await Log.DiscardAsync(Sandbox, _run.Id, Cancel);
        Assert.Equal(", 0 dropped", await ReadAsync());
    }

    [Fact]
    public async Task Spans_of_ended_runs_make_room_with_their_events()
    {
        await AcceptAsync();
        await AddAsync(1, "first");
        await EndAsync();
        for (var i = 0; i < 80; i++)
        {
            var other = EventLogTests.NewRecord();
            await Log.AcceptAsync(Sandbox, other, null, Cancel);
            var batch = new SpanBatch(1, new byte[1024], 1, AreTop: false, 0);
            Assert.Equal(SpansOutcome.Kept, await Log.AddSpansAsync(Sandbox, other.Id, batch, Cancel));
            await EndAsync(other);
        }

        Assert.StartsWith(",", await ReadAsync(), StringComparison.Ordinal);
        Assert.Equal(SpansOutcome.NoRun, await AddAsync(2, "late"));
        Assert.True((await Log.FindRunAsync(Sandbox, _run.Id, Cancel))!.Ended);
    }

    protected Task<AcceptOutcome> AcceptAsync() => Log.AcceptAsync(Sandbox, _run, null, Cancel);

    protected Task EndAsync() => EndAsync(_run);

    protected async Task<string> ReadAsync()
    {
        var kept = await Log.ReadSpansAsync(Sandbox, _run.Id, Cancel);
        return $"{string.Join(' ', kept.Batches.Select(Encoding.UTF8.GetString))}, {kept.Dropped} dropped";
    }

    private Task EndAsync(RunRecord run) =>
        Log.AppendAsync(Sandbox, run.Id, new LogAppend(0, 0, EventLogTests.Exit(1), 1, EventLogTests.Ending(), run), Cancel);

    protected Task<SpansOutcome> AddAsync(long number, string text, int spans = 1, bool areTop = false, int dropped = 0) =>
        Log.AddSpansAsync(Sandbox, _run.Id, new SpanBatch(number, Encoding.UTF8.GetBytes(text), spans, areTop, dropped), Cancel);
}
