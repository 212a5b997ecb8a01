using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Podflare.Tenants;

namespace Podflare.Audit;

public sealed class RedisAuditLogTests(RedisFixture fixture)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero));
    private readonly string _name = Guid.NewGuid().ToString("N");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Entries_form_one_chain_and_a_writer_that_was_replaced_is_refused()
    {
        var log = Open();
        Assert.Equal(AuditChain.Start, await log.ReadHeadAsync(_name, Cancel));
        var (first, second) = (await AppendAsync(log), await AppendAsync(log));

        Assert.False(await log.AppendAsync(_name, first.Link, [ChainedAuditEntry.After(first.Link, Entry())], Cancel));
        Assert.Equal(second.Link, await log.ReadHeadAsync(_name, Cancel));
        Assert.Equal([second.Json, first.Json], await log.ReadBeforeAsync(_name, long.MaxValue, 10, Cancel));
        Assert.Equal([first.Json], await log.ReadBeforeAsync(_name, 2, 10, Cancel));
        Assert.Equal([second.Id], await log.FindKnownAsync(_name, ["aud_other", second.Id], Cancel));
        Assert.Null(AuditChain.Check(first.Link, JsonElement.Parse(second.Json), out _));
    }

    [Fact]
    public async Task The_oldest_entries_leave_and_the_chain_continues()
    {
        var log = Open(new AuditOptions { MaxEntries = 100, RetentionDays = 10, IdRetentionDays = 5 });
        var first = await AppendAsync(log);
        for (var i = 0; i < 120; i++) await AppendAsync(log);
        Assert.Equal(100, (await log.ReadBeforeAsync(_name, long.MaxValue, 1000, Cancel)).Count);
        Assert.Empty(await log.FindKnownAsync(_name, [first.Id], Cancel));

        _time.Advance(TimeSpan.FromDays(11));
        var before = await log.ReadHeadAsync(_name, Cancel);
        await AppendAsync(log);
        var last = await AppendAsync(log);

        Assert.Equal(123, last.Seq);
        Assert.Equal(2, (await log.ReadBeforeAsync(_name, long.MaxValue, 1000, Cancel)).Count);
        Assert.Equal(121, before.Seq);
    }

    private async Task<ChainedAuditEntry> AppendAsync(RedisAuditLog log)
    {
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var before = await log.ReadHeadAsync(_name, Cancel);
        var entry = ChainedAuditEntry.After(before, Entry());
        Assert.True(await log.AppendAsync(_name, before, [entry], Cancel));
        return entry;
    }

    private AuditEntry Entry() => new(AuditEntry.NewId(), _time.GetUtcNow(), new TenantId("acme"), AuditAction.KeyCreate, AuditActor.System, new AuditTarget("key", "key_1"));

    private RedisAuditLog Open(AuditOptions? options = null) => new(fixture.Redis, Options.Create(options ?? new AuditOptions()), _time, NullLogger<RedisAuditLog>.Instance);
}
