using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Podflare.Runs;

public sealed class RedisSpanLogTests(RedisFixture fixture) : SpanLogTests
{
    private readonly RunOptions _options = new() { MaxTraceBytes = MaxTraceBytes, MaxSandboxLogBytes = 64 * 1024, RetentionSeconds = 3_000, DeletedRetentionSeconds = 100 };

    protected override IEventLog Log => field ??= new RedisEventLog(fixture.Redis, Options.Create(_options), TimeProvider.System, NullLogger<RedisEventLog>.Instance);

    private IDatabase Db => fixture.Redis.GetDatabase();

    [Fact]
    public async Task Spans_expire_with_the_events_of_their_run()
    {
        await AcceptAsync();
        await AddAsync(1, "a");
        Assert.Null(await SecondsLeftAsync());
        await EndAsync();
        Assert.InRange((await SecondsLeftAsync())!.Value, 2_900, 3_000);
        await AddAsync(2, "b");
        Assert.InRange((await SecondsLeftAsync())!.Value, 2_900, 3_000);
        await Log.ExpireAsync(Sandbox, deleted: true, Cancel);
        Assert.InRange((await SecondsLeftAsync())!.Value, 1, 100);
        await AddAsync(3, "c");
        Assert.Equal(("a b c, 0 dropped", true), (await ReadAsync(), await SecondsLeftAsync() <= 100));
    }

    [Fact]
    public async Task What_the_sandbox_is_counted_with_is_what_its_runs_have()
    {
        await AcceptAsync();
        await AddAsync(1, new string('a', 1_000));
        await EndAsync();
        await AddAsync(2, new string('b', 500));
        var held = RedisScripts.RunCost + EventLogTests.Exit(1).Utf8.Length;
        Assert.Equal(held + 1_500, (long)await Db.HashGetAsync(RedisKeys.Log(Sandbox), "bytes"));
        var closed = (await Db.ListRangeAsync(RedisKeys.Closed(Sandbox))).Select(entry => long.Parse(((string)entry!).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(held + 1_500, closed.Sum());
    }

    private async Task<double?> SecondsLeftAsync() => (await Db.KeyTimeToLiveAsync(RedisKeys.Spans(Sandbox, Run.Id)))?.TotalSeconds;
}
