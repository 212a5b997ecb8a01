using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Podflare.Runs;

public sealed class MemorySpanLogTests : SpanLogTests, IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryEventLog _log;

    public MemorySpanLogTests() => _log = new MemoryEventLog(Options.Create(new RunOptions { MaxTraceBytes = MaxTraceBytes, MaxSandboxLogBytes = 64 * 1024 }), _time);

    protected override IEventLog Log => _log;

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Spans_go_with_the_events_and_count_no_more()
    {
        await AcceptAsync();
        await AddAsync(1, "a");
        await EndAsync();
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("a, 0 dropped", await ReadAsync());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(", 0 dropped", await ReadAsync());
        Assert.Equal(SpansOutcome.NoRun, await AddAsync(2, "late"));
        Assert.Equal(0, _log.Bytes);
    }
}
