using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;
using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>A server that stops answering, and one that goes away. It has a server of its own, since others must not be paused.</summary>
public sealed class RedisOutageTests : IAsyncLifetime
{
    private readonly RedisFixture _own = new();
    private readonly RunOptions _options = new();

    private readonly SandboxId _sandbox = SandboxId.New("0123abcd");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IEventLog Log => field ??= new RedisEventLog(_own.Redis, Options.Create(_options), TimeProvider.System, NullLogger<RedisEventLog>.Instance);

    public ValueTask InitializeAsync() => _own.InitializeAsync();

    public ValueTask DisposeAsync() => _own.DisposeAsync();

    [Fact]
    public async Task An_append_that_timed_out_and_was_done_is_done_once()
    {
        var run = EventLogTests.NewRecord();
        await Log.AcceptAsync(_sandbox, run, null, Cancel);
        var events = await RunEvents.OpenAsync(Log, _sandbox, run, isNew: true, _options, TimeProvider.System, Cancel);
        await events.AppendAsync(EventLogTests.Lines(1, 3), 1, null, false, Cancel);
        var server = _own.Redis.GetServers()[0];
        await server.ExecuteAsync("CLIENT", "PAUSE", "3000", "ALL");
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(AppendResult.Done, await events.AppendAsync(EventLogTests.Lines(4, 2), 2, null, false, Cancel));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(20));
        EventLogTests.AssertSame(
            EventBatches.Join([EventLogTests.Lines(1, 3), EventLogTests.Lines(4, 2)]), await Log.ReadAfterAsync(_sandbox, run.Id, 0, 1 << 20, Cancel));
    }

    [Fact]
    public async Task While_the_server_is_away_every_call_says_so_soon()
    {
        var run = EventLogTests.NewRecord();
        await Log.AcceptAsync(_sandbox, run, null, Cancel);
        await _own.Redis.GetServers()[0].ExecuteAsync("CLIENT", "PAUSE", "6000", "ALL");
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Assert.ThrowsAsync<StorageUnavailableException>(() => Log.AppendAsync(_sandbox, run.Id, new LogAppend(0, 0, EventLogTests.Lines(1, 1), 1, null), Cancel)),
            Assert.ThrowsAsync<StorageUnavailableException>(() => Log.ReadAfterAsync(_sandbox, run.Id, 0, 1 << 20, Cancel)),
            Assert.ThrowsAsync<StorageUnavailableException>(() => Log.FindRunAsync(_sandbox, run.Id, Cancel)),
            Assert.ThrowsAsync<StorageUnavailableException>(() => Log.ListRunsAsync(_sandbox, Cancel)),
            Assert.ThrowsAsync<StorageUnavailableException>(() => Log.AcceptAsync(_sandbox, EventLogTests.NewRecord(), null, Cancel)));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(6));
    }
}
