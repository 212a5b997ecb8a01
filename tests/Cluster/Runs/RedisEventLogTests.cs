using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Resources;
using Podflare.Streaming;
using StackExchange.Redis;

namespace Podflare.Runs;

public sealed class RedisEventLogTests(RedisFixture fixture) : EventLogTests
{
    private readonly RunOptions _options = new() { RingBytes = 64 * 1024 };

    protected override IEventLog Log => field ??= new RedisEventLog(fixture.Redis, Options.Create(_options), TimeProvider.System, NullLogger<RedisEventLog>.Instance);

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
        await Log.ExpireAsync(Sandbox, deleted: false, Cancel);
        AssertAbout(TimeSpan.FromDays(1), await Db.KeyTimeToLiveAsync(Key("runs")));
    }

    [Fact]
    public async Task Neither_code_nor_variables_are_among_the_keys_and_fields()
    {
        var run = await AcceptAsync();
        await AppendAsync(run, Exit(1), ending: Ending());
        var fields = (await Db.HashKeysAsync(Key($"run:{run.Id}"))).Select(field => (string)field!).Order();
        Assert.Equal(["exit", "hash", "lines", "short"], fields);
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
    public async Task A_key_of_another_type_is_unreadable_and_no_outage()
    {
        var run = await AcceptAsync();
        await Db.StringSetAsync(Key($"events:{run.Id}"), "not a stream");
        await Assert.ThrowsAsync<RecordUnreadableException>(() => AppendAsync(run, Lines(1, 1)));
        Assert.Equal(run.Id.Value, (await Assert.ThrowsAsync<RecordUnreadableException>(() => ReadAsync(run, 0))).RecordId);
    }

    [Fact]
    public async Task A_run_whose_events_are_unreadable_can_only_end_lost()
    {
        var run = await AcceptAsync();
        var events = await RunEvents.OpenAsync(Log, Sandbox, run, isNew: true, _options, TimeProvider.System, Cancel);
        await events.AppendAsync(Lines(1, 3), 1, null, false, Cancel);
        await Db.KeyDeleteAsync(Key($"events:{run.Id}"));
        await Db.StringSetAsync(Key($"events:{run.Id}"), "not a stream");
        Assert.Equal(AppendResult.Behind, await events.AppendAsync(Lines(4, 1), 2, null, false, Cancel));
        var lost = Ending() with { Code = 255, Reason = ExitReason.Lost };
        Assert.Equal(AppendResult.Done, await events.AppendAsync(EventLine.RenderExit(255, ExitReason.Lost, null, 4, Now), 2, lost, true, Cancel));
        Assert.Equal(events.Record with { LastSeq = 4 }, await Log.FindRunAsync(Sandbox, run.Id, Cancel));
        Assert.Empty(await Log.ListOpenAsync(Sandbox, Cancel));
    }

    [Fact]
    public async Task A_missing_permission_fails_at_once_and_is_no_outage()
    {
        await fixture.Redis.GetServers()[0].ExecuteAsync("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection", "+info");
        var settings = ConfigurationOptions.Parse(fixture.Redis.Configuration);
        (settings.User, settings.Password, settings.BacklogPolicy) = ("reader", "secret", BacklogPolicy.FailFast);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(settings);
        using var log = new RedisEventLog(redis, Options.Create(_options), TimeProvider.System, NullLogger<RedisEventLog>.Instance);
        await Assert.ThrowsAsync<StorageRejectedException>(() => log.AcceptAsync(Sandbox, NewRecord(), null, Cancel));
    }

    [Theory]
    [InlineData("""{"Language":"Ruby","Timeout":"00:00:12.5000000","OnDisconnect":"Interrupt","CreatedAt":"2026-01-01T00:00:00+00:00","Later":[1]}""", true)]
    [InlineData("""{"Language":"Bash","Timeout":"soon","OnDisconnect":"Interrupt","CreatedAt":"2026-01-01T00:00:00+00:00"}""", false)]
    [InlineData("not JSON", false)]
    public async Task A_record_of_a_newer_version_is_read_and_a_damaged_one_is_set_aside(string stored, bool readable)
    {
        var (run, other) = (await AcceptAsync(), await AcceptAsync());
        await Db.HashSetAsync(Key($"run:{run.Id}"), "run", stored);
        if (readable) Assert.Equal(run with { Language = RunLanguage.Unknown }, await Log.FindRunAsync(Sandbox, run.Id, Cancel));
        else Assert.Equal(run.Id.Value, (await Assert.ThrowsAsync<RecordUnreadableException>(() => Log.FindRunAsync(Sandbox, run.Id, Cancel))).RecordId);
        Assert.Equal([run.Id, other.Id], await Log.ListRunsAsync(Sandbox, Cancel));
        Assert.Equal(2, (await Log.ListOpenAsync(Sandbox, Cancel)).Count);
        Assert.Equal(other, await Log.FindRunAsync(Sandbox, other.Id, Cancel));
    }

    [Fact]
    public async Task After_a_delete_every_key_of_the_sandbox_expires_and_events_do_so_soon()
    {
        var (kept, keyless, long1, open) = (await AcceptAsync(), NewRecord() with { Keyless = true }, await AcceptAsync(), await AcceptAsync());
        await Log.AcceptAsync(Sandbox, keyless, null, Cancel);
        await AppendAsync(kept, Exit(1), ending: Ending());
        await AppendAsync(keyless, EventBatches.Join([Lines(1, 2), Exit(3)]), ending: Ending());
        await AppendAsync(long1, Lines(1, 2));
        await AppendAsync(long1, Exit(3), ending: Ending());
        await AppendAsync(open, Exit(1), ending: Ending());
        await Log.ExpireAsync(Sandbox, deleted: true, Cancel);
        AssertAbout(TimeSpan.FromSeconds(300), await Db.KeyTimeToLiveAsync(Key($"events:{long1.Id}")));
        AssertAbout(TimeSpan.FromSeconds(300), await Db.KeyTimeToLiveAsync(Key($"run:{keyless.Id}")));
        AssertAbout(TimeSpan.FromDays(1), await Db.KeyTimeToLiveAsync(Key($"run:{kept.Id}")));

        await Assert.ThrowsAsync<SandboxUnreachableException>(AcceptAsync);
        foreach (var key in fixture.Redis.GetServers()[0].Keys(pattern: Key("*").Replace("{", "?", StringComparison.Ordinal).Replace("}", "?", StringComparison.Ordinal)))
            Assert.True(await Db.KeyTimeToLiveAsync(key) is not null, $"{key} never expires.");
    }

    [Fact]
    public async Task A_record_without_an_idempotency_key_is_kept_as_long_as_its_events()
    {
        var (first, second) = (NewRecord() with { Keyless = true }, NewRecord() with { Keyless = true });
        await Log.AcceptAsync(Sandbox, first, null, Cancel);
        await Log.AcceptAsync(Sandbox, second, null, Cancel);
        await AppendAsync(first, Exit(1), ending: Ending());
        await AppendAsync(second, Lines(1, 1));
        await AppendAsync(second, Exit(2), ending: Ending());
        foreach (var run in new[] { first, second }) AssertAbout(TimeSpan.FromHours(1), await Db.KeyTimeToLiveAsync(Key($"run:{run.Id}")));
        AssertAbout(TimeSpan.FromHours(1), await Db.KeyTimeToLiveAsync(Key($"events:{second.Id}")));
    }

    [Theory]
    [InlineData(true, 700)]
    [InlineData(false, 800)]
    public async Task A_short_run_without_a_key_costs_few_bytes_with_its_usage(bool isTiny, long most)
    {
        var run = NewRecord() with { Keyless = true, Language = RunLanguage.Python, Timeout = TimeSpan.FromMinutes(5), CreatedAt = TimeProvider.System.GetUtcNow() };
        await Log.AcceptAsync(Sandbox, run with { PayloadHash = new string('a', 64) }, null, Cancel);
        var batch = EventLine.Render(
            [
                new GuestOutput(1, run.Id, run.CreatedAt.AddSeconds(1).ToUnixTimeMilliseconds(), false, Encoding.UTF8.GetBytes(isTiny ? "1\n" : "a line with a little more text in it\n")),
                new GuestRunEnded(2, run.Id, run.CreatedAt.AddSeconds(1).ToUnixTimeMilliseconds(), 0, null, null, run.CreatedAt, false),
            ],
            0);
        var usage = new ResourceUsage(12_345, 0, 31_457_280, 4, 4_096, 0);
        await AppendAsync(run, batch, frame: 2, ending: new RunEnding(0, null, run.CreatedAt.AddTicks(123_456), run.CreatedAt.AddTicks(1_234_567), false, Usage: usage));
        Assert.Equal(usage, (await Log.FindRunAsync(Sandbox, run.Id, Cancel))?.Ending?.Usage);
        var bytes = 0L;
        foreach (var key in fixture.Redis.GetServers()[0].Keys(pattern: $"*{run.Id}*")) bytes += (long)await Db.ExecuteAsync("MEMORY", "USAGE", key, "SAMPLES", "0");
        TestContext.Current.SendDiagnosticMessage($"{bytes} bytes");
        Assert.InRange(bytes, 1, most);
    }

    [Fact]
    public async Task What_the_previous_version_wrote_is_read_and_continued()
    {
        var (run, ended) = (NewRecord(), NewRecord());
        const string Previous = """
            {"Language":"Bash","Timeout":"00:00:12.5000000","OnDisconnect":"Interrupt","CreatedAt":"2026-01-01T00:00:00+00:00"}
            """;
        foreach (var record in new[] { run, ended })
        {
            await Db.HashSetAsync(Key($"run:{record.Id}"), [new("hash", "aa"), new("run", Previous.Trim()), new("at", "3"), new("bytes", Lines(1, 3).Utf8.Length)]);
            await Db.SetAddAsync(Key("open"), record.Id.Value);
            await Db.ListLeftPushAsync(Key("runs"), record.Id.Value);
            await Db.StreamAddAsync(Key($"events:{record.Id}"), [new("e", Lines(1, 3).Utf8), new("f", "5"), new("b", Lines(1, 3).Utf8.Length)], "3-0");
        }

        var exit = Encoding.UTF8.GetString(Exit(4).Utf8);
        await Db.StreamAddAsync(Key($"events:{ended.Id}"), [new("e", Exit(4).Utf8), new("f", "6"), new("b", Lines(1, 3).Utf8.Length + Exit(4).Utf8.Length)], "4-0");
        await Db.HashSetAsync(Key($"run:{ended.Id}"), [new("exit", exit), new("last", "4"), new("end", StoredRun.Write(Ending()))]);
        await Db.SetRemoveAsync(Key("open"), ended.Id.Value);

        Assert.Equal(run, await Log.FindRunAsync(Sandbox, run.Id, Cancel));
        Assert.Equal(new LogBounds(1, 3, 5, Lines(1, 3).Utf8.Length), await Log.FindBoundsAsync(Sandbox, run.Id, Cancel));
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Lines(4, 2), frame: 7)).Result);
        Assert.Equal(new LogBounds(1, 5, 7, Lines(1, 3).Utf8.Length + Lines(4, 2).Utf8.Length), await Log.FindBoundsAsync(Sandbox, run.Id, Cancel));
        Assert.Equal(AppendResult.Done, (await AppendAsync(run, Exit(6), ending: Ending())).Result);
        AssertSame(EventBatches.Join([Lines(1, 3), Lines(4, 2), Exit(6)]), await ReadAsync(run, 0));

        Assert.Equal(ended with { Exit = exit, LastSeq = 4, Ending = Ending() }, await Log.FindRunAsync(Sandbox, ended.Id, Cancel));
        Assert.Equal(new LogBounds(1, 4, 6, Lines(1, 3).Utf8.Length + Exit(4).Utf8.Length), await Log.FindBoundsAsync(Sandbox, ended.Id, Cancel));
        AssertSame(EventBatches.Join([Lines(1, 3), Exit(4)]), await ReadAsync(ended, 0));
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
