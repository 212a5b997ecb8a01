using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Streaming;
using StackExchange.Redis;

namespace Podflare.Runs;

public sealed class RedisEventLogTests(RedisFixture fixture) : EventLogTests
{
    private readonly RunOptions _options = new() { RingBytes = 64 * 1024 };

    protected override IEventLog Log => field ??= new RedisEventLog(fixture.Redis, Options.Create(_options), NullLogger<RedisEventLog>.Instance);

    private IDatabase Db => fixture.Redis.GetDatabase();

    [Fact]
    public async Task An_open_run_has_no_expiry_and_an_ended_one_two()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 3));
        Assert.Null(await Db.KeyTimeToLiveAsync(Key($"run:{run.Id}")));
        Assert.Null(await Db.KeyTimeToLiveAsync(Key($"events:{run.Id}")));
        Assert.True(await Db.SetContainsAsync(Key("open"), run.Id.Value));

        await AppendAsync(run, Exit(4), ending: Ending());
        AssertAbout(TimeSpan.FromDays(1), await Db.KeyTimeToLiveAsync(Key($"run:{run.Id}")));
        AssertAbout(TimeSpan.FromHours(1), await Db.KeyTimeToLiveAsync(Key($"events:{run.Id}")));
        Assert.False(await Db.KeyExistsAsync(Key("open")));
        Assert.Null(await Db.KeyTimeToLiveAsync(Key("runs")));
        await Log.ExpireAsync(Sandbox, Cancel);
        AssertAbout(TimeSpan.FromDays(1), await Db.KeyTimeToLiveAsync(Key("runs")));
    }

    [Fact]
    public async Task Neither_code_nor_variables_are_among_the_keys_and_fields()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Exit(1), ending: Ending());
        var fields = (await Db.HashKeysAsync(Key($"run:{run.Id}"))).Select(field => (string)field!).Order();
        Assert.Equal(["end", "exit", "hash", "last", "run"], fields);
    }

    [Fact]
    public async Task Where_the_records_note_of_the_last_entry_is_wrong_the_entries_tell()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 3));
        await Db.HashDeleteAsync(Key($"run:{run.Id}"), "at");
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 3), await AppendAsync(run, Lines(1, 1)));
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(4, 2))).Result);

        await Db.HashSetAsync(Key($"run:{run.Id}"), "at", "3");
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 5), await AppendAsync(run, Lines(4, 1)));
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(6, 1))).Result);
        Assert.Equal(Lines(1, 3).Utf8.Length + Lines(4, 2).Utf8.Length + Lines(6, 1).Utf8.Length, (await Log.FindBoundsAsync(Sandbox, run.Id, Cancel))!.Bytes);

        await Db.KeyDeleteAsync(Key($"events:{run.Id}"));
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 0), await AppendAsync(run, Lines(7, 1)));
    }

    [Fact]
    public async Task Scripts_are_sent_again_after_the_server_has_forgotten_them()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Lines(1, 1));
        await fixture.Redis.GetServers()[0].ExecuteAsync("SCRIPT", "FLUSH");
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(2, 1))).Result);
        Assert.Equal(new AppendOutcome(AppendResult.Fenced, 2), await AppendAsync(run, Lines(2, 1)));
    }

    [Fact]
    public async Task A_refusal_of_the_server_is_an_outage_and_no_answer()
    {
        var run = await AcceptAsync();
        await Db.StringSetAsync(Key($"events:{run.Id}"), "not a stream");
        await Assert.ThrowsAsync<StorageUnavailableException>(() => AppendAsync(run, Lines(1, 1)));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => ReadAsync(run, 0));
    }

    [Fact]
    public async Task A_server_that_came_back_with_older_data_gets_the_rest_from_the_ring()
    {
        var run = await AcceptAsync();
        var events = await RunEvents.OpenAsync(Log, Sandbox, run, isNew: true, _options, TimeProvider.System, Cancel);
        await events.AppendAsync(Lines(1, 3), 1, null, false, Cancel);
        RedisKey[] keys = [Key($"run:{run.Id}"), Key($"events:{run.Id}")];
        var older = new[] { await Db.KeyDumpAsync(keys[0]), await Db.KeyDumpAsync(keys[1]) };
        await events.AppendAsync(Lines(4, 2), 2, null, false, Cancel);
        await events.AppendAsync(Exit(6), 3, Ending(), false, Cancel);

        for (var i = 0; i < 2; i++)
        {
            await Db.KeyDeleteAsync(keys[i]);
            await Db.KeyRestoreAsync(keys[i], older[i]!);
        }

        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        Assert.Equal(events.Record, await Log.FindRunAsync(Sandbox, run.Id, Cancel));
        AssertSame(EventBatches.Join([Lines(1, 3), Lines(4, 2), Exit(6)]), await ReadAsync(run, 0));

        await Db.KeyDeleteAsync(keys);
        Assert.Equal(AppendResult.Done, await events.VerifyAsync(Cancel));
        AssertSame(EventBatches.Join([Lines(1, 3), Lines(4, 2), Exit(6)]), await ReadAsync(run, 0));
    }

    private static void AssertAbout(TimeSpan expected, TimeSpan? actual) => Assert.InRange(actual!.Value, expected - TimeSpan.FromMinutes(1), expected);

    private string Key(string name) => $"podflare:{{{Sandbox}}}:{name}";
}
