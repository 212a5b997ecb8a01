using Podflare.Sandboxes;
using StackExchange.Redis;

namespace Podflare.Runs;

/// <summary>The spans of runs in Redis.</summary>
/// <remarks>
/// Key <c>spans:{id}</c>, a stream per run. Fields of a run: <c>sb</c> bytes, <c>sn</c> number of the last batch, <c>sd</c> spans that were dropped. What comes
/// after the run's end has an entry of its own in <c>closed</c>.
/// </remarks>
internal static class RedisSpans
{
    /// <summary>
    /// KEYS run; ARGV run id, number, spans as protobuf, how many they are, bytes that the run may have, budget of the sandbox, spans dropped before,
    /// retention in seconds, and that of a sandbox that has ended. Answers {outcome, bytes of the sandbox}.
    /// </summary>
    private const string Add = RedisScripts.Common + """
        local run = redis.call('HMGET', KEYS[1], 'hash', 'exit', 'sb', 'sn')
        local spans, events = prefix .. 'spans:' .. ARGV[1], prefix .. 'events:' .. ARGV[1]
        if not run[1] then return {3, total()} end
        if run[2] and redis.call('EXISTS', events) == 0 and redis.call('HEXISTS', KEYS[1], 'lines') == 0 then return {3, total()} end
        if tonumber(run[4] or '0') >= tonumber(ARGV[2]) then return {1, total()} end
        local size, budget, dropped = #ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[7])
        local fits = tonumber(run[3] or '0') + size <= tonumber(ARGV[5])
        if fits and size > 0 then
          evict(budget - size, 16)
          fits = total() + size <= budget
        end
        if not fits then dropped = dropped + tonumber(ARGV[4]) end
        redis.call('HSET', KEYS[1], 'sn', ARGV[2])
        if dropped > 0 then redis.call('HINCRBY', KEYS[1], 'sd', dropped) end
        if not fits or size == 0 then return {fits and 0 or 2, total()} end
        redis.call('XADD', spans, ARGV[2] .. '-0', 'd', ARGV[3])
        redis.call('HINCRBY', KEYS[1], 'sb', size)
        if run[2] then
          local keep = tonumber(ARGV[8])
          if redis.call('HEXISTS', log, 'ended') == 1 then keep = math.min(keep, tonumber(ARGV[9])) end
          redis.call('EXPIRE', spans, keep)
          redis.call('LPUSH', closed, string.format('%s %.0f %.0f -', ARGV[1], size, tonumber(redis.call('TIME')[1]) + keep))
        end
        return {0, add(size)}
        """;

    public static async Task<(SpansOutcome Outcome, long Held)> AddAsync(IDatabase db, SandboxId sandbox, RunId run, SpanBatch batch, RunOptions options)
    {
        var deleted = Math.Min(options.DeletedRetentionSeconds, options.RetentionSeconds);
        try
        {
            var reply = (RedisResult[])(await db.ScriptEvaluateAsync(
                Add,
                [RedisKeys.Run(sandbox, run)],
                [
                    run.Value, batch.Number, batch.Otlp, batch.Spans, options.TraceBytesFor(batch), options.MaxSandboxLogBytes, batch.Dropped,
                    options.RetentionSeconds, deleted,
                ]))!;
            return ((SpansOutcome)(int)reply[0], (long)reply[1]);
        }
        catch (RedisServerException e) when (RedisCalls.IsOutOfMemory(e.Message))
        {
            // What is left of the memory is for the events and ends of runs.
            return (SpansOutcome.NoRoom, 0);
        }
    }

    public static async Task<KeptSpans> ReadAsync(IDatabase db, SandboxId sandbox, RunId run)
    {
        var dropped = db.HashGetAsync(RedisKeys.Run(sandbox, run), "sd");
        var entries = await db.StreamRangeAsync(RedisKeys.Spans(sandbox, run));
        return new KeptSpans([.. entries.Select(entry => (byte[])entry["d"]!)], (long)await dropped);
    }
}
