namespace Podflare.Runs;

/// <summary>
/// The writes of the event log: each is one script, because only a script stops at its first refusal. (Pipelined <c>XADD</c> with explicit
/// ids is no fence: after some refusals the later, higher ids are accepted.)
/// </summary>
internal static class RedisScripts
{
    /// <summary>
    /// KEYS run, open, runs; ARGV run id, payload hash, the other fields as one text. Answers {hash that counts, is new, has ended}.
    /// </summary>
    public const string Accept = """
        local known = redis.call('HGET', KEYS[1], 'hash')
        if known then return {known, 0, redis.call('HEXISTS', KEYS[1], 'exit')} end
        redis.call('HSET', KEYS[1], 'hash', ARGV[2], 'run', ARGV[3])
        redis.call('SADD', KEYS[2], ARGV[1])
        redis.call('LREM', KEYS[3], 1, ARGV[1])
        redis.call('LPUSH', KEYS[3], ARGV[1])
        redis.call('LTRIM', KEYS[3], 0, 255)
        return {ARGV[2], 1, 0}
        """;

    /// <summary>KEYS run, open, runs, events; ARGV run id. Answers 0 when the run has events or an exit.</summary>
    public const string Withdraw = """
        if redis.call('EXISTS', KEYS[4]) == 1 or redis.call('HEXISTS', KEYS[1], 'exit') == 1 then return 0 end
        redis.call('DEL', KEYS[1])
        redis.call('SREM', KEYS[2], ARGV[1])
        redis.call('LREM', KEYS[3], 1, ARGV[1])
        return 1
        """;

    /// <summary>
    /// KEYS events, run, open; ARGV run id, seq before, oldest seq to keep, last seq, lines, last guest frame, and with an exit its line,
    /// its ending, retention of events and of the record in seconds (else ''). Refuses with <c>ENDED</c> or <c>FENCED last-seq</c>; an
    /// error text of one word would get <c>ERR</c> in front. Field <c>b</c> counts the bytes of all entries up to this one. An open run never
    /// expires: with its entries would go the fence.
    /// </summary>
    /// <remarks>
    /// The record notes the last entry and the bytes, because to look at that entry copies all of it: half of an append's time. Where the
    /// note does not fit, for it was lost or a writer made none, the entries tell.
    /// </remarks>
    public const string Append = """
        local function top()
          local entry = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
          if not entry then return '0', 0 end
          return string.match(entry[1], '^%d+'), entry[2][6]
        end
        local run = redis.call('HMGET', KEYS[2], 'exit', 'hash', 'at', 'bytes')
        if run[1] then return redis.error_reply('ENDED ' .. KEYS[2]) end
        local at, bytes = run[3], run[4]
        if at ~= ARGV[2] or redis.call('EXISTS', KEYS[1]) == 0 then at, bytes = top() end
        if at ~= ARGV[2] or not run[2] then return redis.error_reply('FENCED ' .. at) end
        bytes = string.format('%.0f', tonumber(bytes) + #ARGV[5])
        local added = redis.pcall('XADD', KEYS[1], 'MINID', '~', ARGV[3], ARGV[4] .. '-0', 'e', ARGV[5], 'f', ARGV[6], 'b', bytes)
        if type(added) == 'table' then
          at = top()
          if at == ARGV[2] then return added end
          return redis.error_reply('FENCED ' .. at)
        end
        if ARGV[7] == '' then
          redis.call('HSET', KEYS[2], 'at', ARGV[4], 'bytes', bytes)
        else
          redis.call('HSET', KEYS[2], 'exit', ARGV[7], 'last', ARGV[4], 'end', ARGV[8])
          redis.call('SREM', KEYS[3], ARGV[1])
          redis.call('EXPIRE', KEYS[1], ARGV[9])
          redis.call('EXPIRE', KEYS[2], ARGV[10])
        end
        return 1
        """;
}
