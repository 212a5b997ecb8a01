using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Podflare.Storage;

/// <summary>The file. One writer takes transactions from a bounded queue; readers use pooled connections.</summary>
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

    /// <summary>Called by the writer after each commit, on its own thread, before the caller hears of it.</summary>
    public event Action<Sql>? Committed;

    /// <summary>Transactions that failed, a full disk included.</summary>
    public long Failures { get; private set; }

    /// <summary>The newest transaction was written.</summary>
    public bool IsWritable { get; private set; } = true;

    /// <summary>Runs <paramref name="act"/> in one transaction; nothing of it stays when it throws.</summary>
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

    /// <summary>Writes a whole copy that can be opened by itself.</summary>
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
        try
        {
            using var transaction = _connection.BeginTransaction();
            var sql = new Sql(_connection, transaction);
            var result = act(sql);
            if (sql.Changed) sql.Execute($"INSERT INTO meta (name, value) VALUES ('change', '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1");
            transaction.Commit();
            IsWritable = true;
            Committed?.Invoke(sql);
            done.SetResult(result);
        }
        catch (SqliteException e)
        {
            Failures++;
            IsWritable = false;
            LogFailed(e.Message);
            done.SetException(e);
        }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller, not to the writer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            done.SetException(e);
        }
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, DefaultTimeout = 10 }.ConnectionString);
        connection.Open();
        using var pragmas = connection.CreateCommand();
        // FULL: what a caller was told is on the disk also after a power cut.
        pragmas.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;";
        pragmas.ExecuteNonQuery();
        return connection;
    }

    // It holds addresses and webhook secrets.
    private static void CreatePrivately(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
    }

    [LoggerMessage(LogLevel.Error, "A transaction was not written: {Message}")]
    private partial void LogFailed(string message);
}
