using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Sandboxes;
using Podflare.Streaming;
using Podflare.Telemetry;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>
/// The event log in Redis: one stream per run, whose entries are batches under their last <c>seq</c>, and one hash per run record. The
/// multiplexer is shared; that it fails fast (no backlog, short timeout) is set where it is made.
/// </summary>
/// <remarks>The client library sends scripts by SHA and loads them again after the server has forgotten them.</remarks>
public sealed partial class RedisEventLog : IEventLog
{
    // Entries have no size limit here, so a read begins with one and asks for more only as long as they turn out small.
    private const int MostEntriesPerRead = 32;
    private const int MostReads = 4;

    private static readonly KeyValuePair<string, object?> Failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?>[] Outcomes =
        [.. Enum.GetNames<AppendResult>().Select(name => new KeyValuePair<string, object?>("outcome", name.ToLowerInvariant()))];

    private readonly IConnectionMultiplexer _redis;
    private readonly IOptions<RunOptions> _options;
    private readonly ILogger<RedisEventLog> _logger;
    private int _away;
    private int _epoch;

    public RedisEventLog(IConnectionMultiplexer redis, IOptions<RunOptions> options, ILogger<RedisEventLog> logger)
    {
        (_redis, _options, _logger) = (redis, options, logger);
        // No server restarts, and none takes the place of another, without the connection to it breaking.
        redis.ConnectionFailed += (_, _) => Interlocked.Increment(ref _epoch);
        redis.ConnectionRestored += (_, _) => Interlocked.Increment(ref _epoch);
    }

    public int Epoch => Volatile.Read(ref _epoch);

    public async Task<AcceptOutcome> AcceptAsync(SandboxId sandbox, RunRecord record, CancellationToken cancellationToken)
    {
        var reply = (RedisResult[])(await CallAsync(
            db => db.ScriptEvaluateAsync(
                RedisScripts.Accept,
                [RunKey(sandbox, record.Id), OpenKey(sandbox), RunsKey(sandbox)],
                [record.Id.Value, record.PayloadHash, StoredRun.Write(record)]),
            cancellationToken))!;
        return new AcceptOutcome((string)reply[0]!, (int)reply[1] == 1, (int)reply[2] == 1);
    }

    public async Task<bool> WithdrawAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        var reply = await CallAsync(
            db => db.ScriptEvaluateAsync(
                RedisScripts.Withdraw,
                [RunKey(sandbox, run), OpenKey(sandbox), RunsKey(sandbox), EventsKey(sandbox, run)],
                [run.Value]),
            cancellationToken);
        return (int)reply == 1;
    }

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
        var (batch, exit) = (append.Batch, append.Ending is not null);
        var refusal = await CallAsync(
            async db =>
            {
                try
                {
                    await db.ScriptEvaluateAsync(
                        RedisScripts.Append,
                        [EventsKey(sandbox, run), RunKey(sandbox, run), OpenKey(sandbox)],
                        [
                            run.Value, append.Before, append.KeepFrom, batch.LastSeq, batch.Utf8, append.Frame.ToString(CultureInfo.InvariantCulture),
                            exit ? EventBatches.LastLine(batch).ToArray() : "",
                            exit ? StoredRun.Write(append.Ending!) : "",
                            exit ? _options.Value.RetentionSeconds : "",
                            exit ? _options.Value.RecordRetentionSeconds : "",
                        ]);
                    return null;
                }
                catch (RedisServerException e) when (IsRefusal(e.Message))
                {
                    return e.Message;
                }
            },
            cancellationToken);
        if (refusal is null) return new AppendOutcome(AppendResult.Done);
        return refusal.StartsWith("ENDED ", StringComparison.Ordinal)
            ? new AppendOutcome(AppendResult.Ended)
            : new AppendOutcome(AppendResult.Fenced, long.Parse(refusal.AsSpan("FENCED ".Length), CultureInfo.InvariantCulture));
    }

    public async Task<LogBounds?> FindBoundsAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        var key = EventsKey(sandbox, run);
        var (first, last) = await CallAsync(
            async db =>
            {
                var oldest = db.StreamRangeAsync(key, count: 1);
                var newest = db.StreamRangeAsync(key, count: 1, messageOrder: Order.Descending);
                return (await oldest, await newest);
            },
            cancellationToken);
        if (first is not [var oldest] || last is not [var newest]) return null;

        var oldestBatch = ToBatch(oldest);
        var bytes = (long)newest["b"] - (long)oldest["b"] + oldestBatch.Utf8.Length;
        return new LogBounds(oldestBatch.FirstSeq, Seq(newest), (ulong)newest["f"], bytes, (byte[])newest["e"]!);
    }

    public async Task<EventBatch?> ReadAfterAsync(SandboxId sandbox, RunId run, long seq, int maxBytes, CancellationToken cancellationToken)
    {
        var key = EventsKey(sandbox, run);
        List<EventBatch> parts = [];
        var bytes = 0;
        var (after, count) = (seq, 1);
        for (var read = 0; read < MostReads && bytes < maxBytes; read++)
        {
            var from = $"({after}-0";
            var entries = await CallAsync(db => db.StreamRangeAsync(key, minId: from, count: count), cancellationToken);
            foreach (var entry in entries)
            {
                var batch = ToBatch(entry);
                if (parts.Count == 0 && batch.FirstSeq <= seq) batch = batch.After(seq);
                else if (parts.Count > 0 && batch.FirstSeq != after + 1) return EventBatches.Join(parts);  // trimmed in between: the reader asks again
                parts.Add(batch);
                bytes += batch.Utf8.Length;
                after = batch.LastSeq;
                if (bytes >= maxBytes) break;
            }

            if (entries.Length < count) break;
            count = Math.Clamp((int)((maxBytes - bytes) / Math.Max(1L, bytes / parts.Count)), 1, Math.Min(count * 4, MostEntriesPerRead));
        }

        return parts.Count == 0 ? null : EventBatches.Join(parts);
    }

    public async Task<RunRecord?> FindRunAsync(SandboxId sandbox, RunId run, CancellationToken cancellationToken)
    {
        var fields = await CallAsync(db => db.HashGetAsync(RunKey(sandbox, run), ["hash", "run", "exit", "last", "end"]), cancellationToken);
        if (fields[0].IsNull) return null;
        var stored = StoredRun.ReadRun(fields[1]!);
        var record = new RunRecord(run, fields[0]!, stored.Language, stored.Timeout, stored.OnDisconnect, stored.CreatedAt, Trace: stored.Trace);
        return fields[2].IsNull
            ? record
            : record with { Exit = fields[2], LastSeq = (long)fields[3], Ending = StoredRun.ReadEnding(fields[4]!) };
    }

    public async Task<IReadOnlyList<RunId>> ListOpenAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var ids = await CallAsync(db => db.SetMembersAsync(OpenKey(sandbox)), cancellationToken);
        return [.. ids.Select(id => RunId.Parse(id!))];
    }

    public async Task<IReadOnlyList<RunId>> ListRunsAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var ids = await CallAsync(db => db.ListRangeAsync(RunsKey(sandbox)), cancellationToken);
        return [.. ids.Reverse().Select(id => RunId.Parse(id!))];
    }

    public async Task ExpireAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var retention = TimeSpan.FromSeconds(_options.Value.RecordRetentionSeconds);
        await CallAsync(db => db.KeyExpireAsync(RunsKey(sandbox), retention), cancellationToken);
    }

    private static RedisKey RunKey(SandboxId sandbox, RunId run) => $"podflare:{{{sandbox.Value}}}:run:{run.Value}";

    private static RedisKey EventsKey(SandboxId sandbox, RunId run) => $"podflare:{{{sandbox.Value}}}:events:{run.Value}";

    private static RedisKey OpenKey(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:open";

    private static RedisKey RunsKey(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:runs";

    private static EventBatch ToBatch(StreamEntry entry) => EventBatches.FromLines(Seq(entry), (byte[])entry["e"]!);

    private static long Seq(StreamEntry entry)
    {
        var id = (string)entry.Id!;
        return long.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
    }

    // The library ends calls that were under way when a connection broke with whatever its pipe or its own tasks threw.
    private static bool IsOutage(Exception e) =>
        e is RedisException or TimeoutException or ObjectDisposedException or InvalidOperationException or OperationCanceledException or IOException;

    private static bool IsRefusal(string message) =>
        message.StartsWith("FENCED ", StringComparison.Ordinal) || message.StartsWith("ENDED ", StringComparison.Ordinal);

    /// <summary>Cancelling stops the wait alone: what has been sent may still be done.</summary>
    private async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            var result = await call(_redis.GetDatabase()).WaitAsync(cancellationToken);
            if (Interlocked.Exchange(ref _away, 0) == 1) LogBack();
            return result;
        }
        catch (Exception e) when (IsOutage(e) && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            if (Interlocked.Exchange(ref _away, 1) == 0) LogAway(e);
            throw new StorageUnavailableException();
        }
    }

    // Once per outage: every open run asks again within a second.
    [LoggerMessage(LogLevel.Warning, "The event log does not answer.")]
    private partial void LogAway(Exception exception);

    [LoggerMessage(LogLevel.Information, "The event log answers again.")]
    private partial void LogBack();
}
