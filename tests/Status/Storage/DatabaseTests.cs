using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Podflare.Status.Services;
using Podflare.Storage;

namespace Podflare.Status.Storage;

public sealed class DatabaseTests : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(TestRun.Folder, "database-" + Guid.NewGuid().ToString("N")[..8]);
    private Database _database = null!;

    public ValueTask InitializeAsync()
    {
        _database = new Database(_folder, NullLogger<Database>.Instance);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_failing_commit_handler_neither_fails_the_write_nor_stops_the_other_handlers()
    {
        var notified = 0;
        _database.Committed += _ => throw new InvalidOperationException("a handler failed");
        _database.Committed += _ => notified++;
        Assert.Equal(7, await WriteAsync("a", 7));
        Assert.Equal("7", _database.Read(sql => sql.First($"SELECT value FROM meta WHERE name = 'a'", row => row.Text(0))));
        Assert.Equal(1, notified);
        Assert.True(_database.IsWritable);
    }

    [Fact]
    public async Task A_failing_statement_is_reported_to_its_caller_and_is_not_a_storage_failure()
    {
        await WriteAsync("a", 1);
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync("a", 2));
        Assert.True(_database.IsWritable);
        Assert.Equal(3, await WriteAsync("b", 3));
    }

    [Fact]
    public async Task A_full_file_stays_reported_until_something_is_written_again()
    {
        await _database.WriteAsync(sql => sql.Execute($"PRAGMA max_page_count = 1"), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<SqliteException>(() => WriteAsync(new string('a', 1_000_000), 1));
        Assert.False(_database.IsWritable);
        // A transaction that changes nothing does not prove that the file can be written.
        await _database.WriteAsync(sql => sql.Number($"SELECT COUNT(*) FROM meta"), TestContext.Current.CancellationToken);
        Assert.False(_database.IsWritable);
        await _database.WriteAsync(sql => sql.Execute($"PRAGMA max_page_count = 1000000"), TestContext.Current.CancellationToken);
        await WriteAsync("a", 1);
        Assert.True(_database.IsWritable);
    }

    private Task<int> WriteAsync(string name, int value) => _database.WriteAsync(
        sql =>
        {
            sql.Execute($"INSERT INTO meta (name, value) VALUES ({name}, {value})");
            return value;
        },
        TestContext.Current.CancellationToken);
}
