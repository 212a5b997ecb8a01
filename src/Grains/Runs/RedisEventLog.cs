using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Limits;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Telemetry;
using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>
/// The event log in Redis: one stream per run, whose entries are batches under their last <c>seq</c>, and one hash per run record, which also
/// holds the lines of a run that ended in its first batch. The multiplexer is shared.
/// </summary>
/// <remarks>The client library sends scripts by SHA and loads them again after the server has forgotten them.</remarks>
public sealed partial class RedisEventLog : IEventLog, IDisposable
{
    private const int RunsPerExpire = 256;
    private const int MostUnreadableLogged = 10_000;

    private static readonly KeyValuePair<string, object?> Failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?>[] Outcomes =
        [.. Enum.GetNames<AppendResult>().Select(name => new KeyValuePair<string, object?>("outcome", name.ToLowerInvariant()))];

    private readonly RedisCalls _calls;
    private readonly RedisLogBudget _budget;
    private readonly RunOptions _options;
    private readonly ILogger<RedisEventLog> _logger;
    private readonly ConcurrentDictionary<RunId, bool> _unreadable = new();
    private int _epoch;

    /// <param name="tenants">The limits of tenants; null where they have none.</param>
    public RedisEventLog(IConnectionMultiplexer redis, IOptions<RunOptions> options, TimeProvider time, ILogger<RedisEventLog> logger, ITenantLimits? tenants = null)
    {
        (_options, _logger) = (options.Value, logger);
        _calls = new RedisCalls(redis, logger);
        _budget = new RedisLogBudget(redis, _options, new TenantLogLimits(_options, tenants), time, logger);
        // No server restarts, and none takes the place of another, without the connection to it breaking.
        redis.ConnectionFailed += (_, _) => Interlocked.Increment(ref _epoch);
        redis.ConnectionRestored += (_, _) => Interlocked.Increment(ref _epoch);
    }

    public int Epoch => Volatile.Read(ref _epoch);

    public async Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, TenantId? tenant, CancellationToken cancellationToken)
    {
        if (tenant is { } payer) await _budget.CheckAsync(payer, sandbox, cancellationToken);
        var reply = await CallAsync(
            record.Id,
            async db =>
            {
                try
                {
                    return (RedisResult[])(await db.ScriptEvaluateAsync(
                        RedisScripts.Accept,
                        [RedisKeys.Run(sandbox, record.Id), RedisKeys.Open(sandbox), RedisKeys.Runs(sandbox), RedisKeys.Log(sandbox), RedisKeys.Closed(sandbox)],
                        [record.Id.Value, record.PayloadHash, StoredRun.Write(record), tenant is null ? "" : _options.MaxSandboxLogBytes]))!;
                }
                catch (RedisServerException e) when (Refuses(e, "BUDGET "))
                {
                    throw LogMetrics.Refuse(LogBudgetScope.Sandbox);
                }
                catch (RedisServerException e) when (Refuses(e, "CLOSED "))
                {
                    throw new SandboxUnreachableException();
                }
                catch (RedisServerException e) when (tenant is not null && RedisCalls.IsOutOfMemory(e.Message))
                {
                    throw LogMetrics.Refuse(LogBudgetScope.Cluster);
                }
            },
            cancellationToken);
        _budget.Record(sandbox, tenant, (long)reply[3]);
        return new AcceptOutcome((string)reply[0]!, (int)reply[1] == 1, (int)reply[2] == 1);
    }

    public async Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        (int)await RemoveAsync(RedisScripts.Withdraw, sandbox, run, cancellationToken) == 1;

    public Task DiscardAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        RemoveAsync(RedisScripts.Discard, sandbox, run, cancellationToken);

    public async Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var outcome = new AppendOutcome(AppendResult.Fenced);
        var failed = true;
        try
        {
            outcome = await AppendOnceAsync(sandbox, run, append, cancellationToken);
            failed = false;
            return outcome;
        }
        finally
        {
            Instruments.Append.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, failed ? Failed : Outcomes[(int)outcome.Result]);
        }
    }

    private async Task<AppendOutcome> AppendOnceAsync(SandboxId sandbox, RunId run, LogAppend append, CancellationToken cancellationToken)
    {
        try
        {
            return await AppendAsync(sandbox, run, append, useReserve: false, cancellationToken);
        }
        catch (RedisOutOfMemoryException)
        {
            // Makes room among the events of this sandbox first, and then may use what Redis keeps back.
            return await AppendAsync(sandbox, run, append, useReserve: true, cancellationToken);
        }
    }

    private async Task<AppendOutcome> AppendAsync(SandboxId sandbox, RunId run, LogAppend append, bool useReserve, CancellationToken cancellationToken)
    {
        var (batch, ending, record) = (append.Batch, append.Ending, append.Record);
        var kept = record is not { Keyless: true };
        var retention = _options.RetentionSeconds;
        RedisValue[] arguments =
        [
            run.Value, append.Before, append.KeepFrom, batch.FirstSeq, batch.LastSeq, batch.Utf8, append.Frame.ToString(CultureInfo.InvariantCulture),
            _options.MaxSandboxLogBytes, useReserve ? 1 : 0,
            ending is null ? "" : EventBatches.LastLine(batch).ToArray(),
            ending is null ? "" : StoredRun.Write(ending),
            ending is null || record is null ? "" : ShortRun.Write(record, ending, batch.LastSeq, append.Frame),
            ending is null ? "" : retention,
            ending is null ? "" : kept ? Math.Max(retention, _options.RecordRetentionSeconds) : retention,
            kept ? "k" : "",
            ending is null ? "" : record?.Key ?? RunUsage.NoKey,
            ending is null ? "" : RunUsage.Of(record, 0).Runs,
            ShortUsage.Write(ending?.Usage),
            ending is null ? "" : _options.UnreportedOf(record),
        ];
        var (held, refusal) = await CallAsync(
            run,
            async db =>
            {
                try
                {
                    var reply = await db.ScriptEvaluateAsync(
                        RedisScripts.Append,
                        [RedisKeys.Events(sandbox, run), RedisKeys.Run(sandbox, run), RedisKeys.Open(sandbox), RedisKeys.Log(sandbox), RedisKeys.Closed(sandbox)],
                        arguments);
                    return (Held: (long)reply, Refusal: (string?)null);
                }
                catch (RedisServerException e) when (Refuses(e, "FENCED ") || Refuses(e, "ENDED "))
                {
                    return (Held: 0L, Refusal: (string?)e.Message);
                }
                catch (RedisServerException e) when (!useReserve && RedisCalls.IsOutOfMemory(e.Message))
                {
                    throw new RedisOutOfMemoryException();
                }
            },
            cancellationToken);
        if (refusal is null)
        {
            _budget.Record(sandbox, null, held);
            return new AppendOutcome(AppendResult.Done, OverBudget: held > _options.MaxSandboxLogBytes);
        }

        return refusal.StartsWith("ENDED ", StringComparison.Ordinal)
            ? new AppendOutcome(AppendResult.Ended)
            : new AppendOutcome(AppendResult.Fenced, long.Parse(refusal.AsSpan("FENCED ".Length), CultureInfo.InvariantCulture));
    }

    public Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        CallAsync(run, db => RedisRunReader.FindBoundsAsync(db, sandbox, run), cancellationToken);

    public Task<LogEntry?> FindLastEntryAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        CallAsync(run, db => RedisRunReader.FindLastEntryAsync(db, sandbox, run), cancellationToken);

    public Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken) =>
        CallAsync(run, db => RedisRunReader.ReadAfterAsync(db, sandbox, run, seq, maxBytes, RecordExtra), cancellationToken);

    public Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        CallAsync(run, db => RedisRunReader.FindRunAsync(db, sandbox, run), cancellationToken);

    public async Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var ids = await CallAsync(null, db => db.SetMembersAsync(RedisKeys.Open(sandbox)), cancellationToken);
        return [.. ids.Select(id => RunId.Parse(id!))];
    }

    public async Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var ids = await CallAsync(null, db => db.ListRangeAsync(RedisKeys.Runs(sandbox)), cancellationToken);
        return [.. ids.Reverse().Select(id => RunId.Parse(id!))];
    }

    public Task<IReadOnlyDictionary<string, RunUsage>> ReadUsageAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        CallAsync(null, db => RedisRunReader.ReadUsageAsync(db, sandbox), cancellationToken);

    public async Task<IReadOnlyList<RunId>> ListUnreportedAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var ids = await CallAsync(null, db => db.ListRangeAsync(RedisKeys.Unreported(sandbox)), cancellationToken);
        return [.. ids.Select(id => RunId.Parse(id!))];
    }

    public Task MarkReportedAsync(SandboxId sandbox, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) => CallAsync(
        null, db => Task.WhenAll(runs.Select(run => db.ListRemoveAsync(RedisKeys.Unreported(sandbox), run.Value, count: 1))), cancellationToken);

    public async Task<SpansOutcome> AddSpansAsync(SandboxId sandbox, RunId run, SpanBatch batch, CancellationToken cancellationToken)
    {
        var (outcome, held) = await CallAsync(run, db => RedisSpans.AddAsync(db, sandbox, run, batch, _options), cancellationToken);
        if (held > 0) _budget.Record(sandbox, null, held);
        return outcome;
    }

    public Task<KeptSpans> ReadSpansAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken) =>
        CallAsync(run, db => RedisSpans.ReadAsync(db, sandbox, run), cancellationToken);

    public async Task ExpireAsync(SandboxId sandbox, bool deleted, CancellationToken cancellationToken)
    {
        for (var from = 0L; from >= 0;)
        {
            var next = await CallAsync(
                null,
                db => db.ScriptEvaluateAsync(
                    RedisScripts.Expire,
                    [RedisKeys.Run(sandbox, default), RedisKeys.Open(sandbox), RedisKeys.Runs(sandbox), RedisKeys.Log(sandbox), RedisKeys.Closed(sandbox)],
                    [_options.RecordRetentionSeconds, deleted ? Math.Min(_options.DeletedRetentionSeconds, _options.RetentionSeconds) : "", from, RunsPerExpire]),
                cancellationToken);
            from = (long)next;
        }

        _budget.Forget(sandbox);
    }

    public void Dispose() => _budget.Dispose();

    private TimeSpan RecordExtra => TimeSpan.FromSeconds(Math.Max(0, _options.RecordRetentionSeconds - _options.RetentionSeconds));

    private Task<RedisResult> RemoveAsync(string script, SandboxId sandbox, RunId run, CancellationToken cancellationToken) => CallAsync(
        null,
        db => db.ScriptEvaluateAsync(
            script,
            [RedisKeys.Run(sandbox, run), RedisKeys.Open(sandbox), RedisKeys.Runs(sandbox), RedisKeys.Events(sandbox, run), RedisKeys.Log(sandbox)],
            [run.Value]),
        cancellationToken);

    private static bool Refuses(RedisServerException exception, string word) => exception.Message.StartsWith(word, StringComparison.Ordinal);

    /// <param name="run">The run that an unreadable answer belongs to; null where the call is about no single run's record.</param>
    private async Task<T> CallAsync<T>(RunId? run, Func<IDatabase, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _calls.CallAsync(call, cancellationToken);
        }
        catch (Exception e) when (e is RedisCalls.WrongTypeException or JsonException or FormatException or OverflowException or InvalidCastException)
        {
            LogMetrics.Unreadable.Add(1);
            if (run is not { } unreadable) throw new StorageRejectedException();
            if (_unreadable.Count < MostUnreadableLogged && _unreadable.TryAdd(unreadable, true)) LogUnreadable(e, unreadable);
            throw new RecordUnreadableException(unreadable.Value);
        }
    }

    [LoggerMessage(LogLevel.Error, "The record of run {Run} cannot be read.")]
    private partial void LogUnreadable(Exception exception, RunId run);

    private sealed class RedisOutOfMemoryException : Exception;
}
