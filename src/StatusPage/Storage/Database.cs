using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Podflare.Storage;

/// <summary>The SQLite file. A single writer runs transactions from a bounded queue; readers use pooled connections.</summary>
internal sealed partial class Database : IAsyncDisposable
{
    private const int MaxQueued = 256;

    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly ILogger<Database> _logger;
    private readonly Channel<Action> _queue = Channel.CreateBounded<Action>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly Task _writer;

    public Database(string folder, ILogger<Database> logger)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, "status.db");
        _logger = logger;
        if (!File.Exists(_path)) CreatePrivately(_path);
        _connection = Open();
        Schema.Apply(_connection);
        _writer = Task.Factory.StartNew(WriteAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Raised on the writer's thread after each commit and before the caller's task completes. A handler that throws does not fail the write.</summary>
    public event Action<Sql>? Committed;

    /// <summary>Transactions that failed since the process started, for example because the disk was full.</summary>
    public long Failures { get; private set; }

    /// <summary>Handlers of <see cref="Committed"/> that failed since the process started.</summary>
    public long HandlerFailures { get; private set; }

    /// <summary>False from a transaction that could not be written until the next one that changed something.</summary>
    public bool IsWritable { get; private set; } = true;

    /// <summary>Runs <paramref name="act"/> in one transaction. If it throws, the transaction is rolled back.</summary>
    public async Task<T> WriteAsync<T>(Func<Sql, T> act, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(() => Transact(act, done), cancellationToken);
        return await done.Task;
    }

    public Task WriteAsync(Action<Sql> act, CancellationToken cancellationToken) => WriteAsync(
        sql =>
        {
            act(sql);
            return true;
        },
        cancellationToken);

    public T Read<T>(Func<Sql, T> read)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction(deferred: true);
        return read(new Sql(connection, transaction));
    }

    /// <summary>Writes a complete, self-contained copy of the file. <paramref name="path"/> must not exist.</summary>
    public void CopyTo(string path)
    {
        CreatePrivately(path);
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $path";
        command.Parameters.AddWithValue("$path", path);
        command.ExecuteNonQuery();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_queue.Writer.TryComplete()) return;
        await _writer;
        await _connection.DisposeAsync();
        SqliteConnection.ClearPool(new SqliteConnection(_connection.ConnectionString));
    }

    private async Task WriteAsync()
    {
        await foreach (var act in _queue.Reader.ReadAllAsync()) act();
    }

    private void Transact<T>(Func<Sql, T> act, TaskCompletionSource<T> done)
    {
        T result;
        Sql sql;
        try
        {
            using var transaction = _connection.BeginTransaction();
            var changesBefore = SQLitePCL.raw.sqlite3_total_changes(_connection.Handle);
            sql = new Sql(_connection, transaction);
            result = act(sql);
            if (sql.Changed) sql.Execute($"INSERT INTO meta (name, value) VALUES ('change', '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1");
            transaction.Commit();
            // A transaction that changed nothing does not prove that the disk accepts data.
            if (SQLitePCL.raw.sqlite3_total_changes(_connection.Handle) != changesBefore) IsWritable = true;
        }
        catch (SqliteException e)
        {
            Failures++;
            // A wrong statement or a violated constraint is our own error, not a failure of the storage.
            if (e.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_ERROR or SQLitePCL.raw.SQLITE_CONSTRAINT)) IsWritable = false;
            LogWriteFailed(e.Message);
            done.SetException(e);
            return;
        }
#pragma warning disable CA1031 // The exception belongs to the caller and must not stop the writer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            done.SetException(e);
            return;
        }

        NotifyCommitted(sql);
        done.SetResult(result);
    }

    // The data is on the disk, so a handler that fails must not fail the write.
    private void NotifyCommitted(Sql sql)
    {
        foreach (var handler in (Committed?.GetInvocationList() ?? []).Cast<Action<Sql>>())
        {
            try
            {
                handler(sql);
            }
#pragma warning disable CA1031 // As above: logged and counted.
            catch (Exception e)
#pragma warning restore CA1031
            {
                HandlerFailures++;
                LogHandlerFailed(e);
            }
        }
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, DefaultTimeout = 10 }.ConnectionString);
        connection.Open();
        using var pragmas = connection.CreateCommand();
        // FULL: a write that was acknowledged survives a power failure.
        pragmas.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;";
        pragmas.ExecuteNonQuery();
        return connection;
    }

    // The file contains addresses and webhook secrets.
    private static void CreatePrivately(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
    }

    [LoggerMessage(LogLevel.Error, "A transaction was not written: {Message}")]
    private partial void LogWriteFailed(string message);

    [LoggerMessage(LogLevel.Error, "A handler failed after a transaction was committed. The transaction is stored.")]
    private partial void LogHandlerFailed(Exception exception);
}
