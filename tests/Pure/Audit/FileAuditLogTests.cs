using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podflare.Audit;
using Podflare.Tenants;

namespace Podflare.Pure.Audit;

public sealed class FileAuditLogTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 10, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("audit.").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Entries_survive_the_process_and_the_chain_continues()
    {
        var first = await AppendAsync(Open());
        _time.Advance(TimeSpan.FromDays(2));
        var second = await AppendAsync(Open());

        var log = Open();
        Assert.Equal(second.Link, await log.ReadHeadAsync("acme", Cancel));
        Assert.Equal([second.Json, first.Json], await log.ReadBeforeAsync("acme", long.MaxValue, 10, Cancel));
        Assert.Equal([first.Json], await log.ReadBeforeAsync("acme", 2, 10, Cancel));
        Assert.Equal([first.Id], await log.FindKnownAsync("acme", [first.Id, "aud_other"], Cancel));
        Assert.Equal(["2026-10.ndjson", "2026-11.ndjson"], Directory.EnumerateFiles(Path.Combine(_folder, "tacme")).Select(Path.GetFileName).Order());
        Assert.Equal(AuditChain.Start, await log.ReadHeadAsync("other", Cancel));
    }

    [Fact]
    public async Task A_writer_that_was_replaced_is_refused()
    {
        var log = Open();
        await AppendAsync(log);

        Assert.False(await log.AppendAsync("acme", AuditChain.Start, [ChainedAuditEntry.After(AuditChain.Start, Entry())], Cancel));
    }

    [Fact]
    public async Task A_line_that_was_torn_by_the_end_of_the_process_is_cut()
    {
        var first = await AppendAsync(Open());
        await File.AppendAllTextAsync(Path.Combine(_folder, "tacme", "2026-10.ndjson"), """{"action":"key.cr""", Cancel);

        var second = await AppendAsync(Open());

        Assert.Equal([second.Json, first.Json], await Open().ReadBeforeAsync("acme", long.MaxValue, 10, Cancel));
    }

    [Fact]
    public async Task Months_leave_after_the_retention_and_where_there_are_too_many_entries()
    {
        var log = Open(new AuditOptions { RetentionDays = 60, MaxEntries = 100 });
        for (var month = 0; month < 4; month++)
        {
            for (var i = 0; i < 40; i++) await AppendAsync(log);
            _time.Advance(TimeSpan.FromDays(28));
        }

        Assert.Equal(["2026-12.ndjson", "2027-01.ndjson"], Directory.EnumerateFiles(Path.Combine(_folder, "tacme")).Select(Path.GetFileName).Order());
        _time.Advance(TimeSpan.FromDays(90));
        var last = await AppendAsync(log);
        Assert.Equal(161, last.Seq);
        Assert.Equal([last.Json], await log.ReadBeforeAsync("acme", long.MaxValue, 10, Cancel));
    }

    private async Task<ChainedAuditEntry> AppendAsync(FileAuditLog log)
    {
        var before = await log.ReadHeadAsync("acme", Cancel);
        var entry = ChainedAuditEntry.After(before, Entry());
        Assert.True(await log.AppendAsync("acme", before, [entry], Cancel));
        return entry;
    }

    private AuditEntry Entry() => new(AuditEntry.NewId(), _time.GetUtcNow(), new TenantId("acme"), AuditAction.KeyCreate, AuditActor.System, new AuditTarget("key", "key_1"));

    private FileAuditLog Open(AuditOptions? options = null) => new(_folder, options ?? new AuditOptions(), _time, NullLogger<FileAuditLog>.Instance);
}
