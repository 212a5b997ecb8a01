namespace Podflare.Runs;

/// <summary>
/// The writes of the event log: each is one script, because only a script stops at its first refusal. (Pipelined <c>XADD</c> with explicit
/// ids is no fence: after some refusals the later, higher ids are accepted.)
/// </summary>
/// <remarks>
/// Keys of a sandbox: <c>run:{id}</c> a hash per run, <c>events:{id}</c> a stream per run, <c>open</c> a set, <c>runs</c> a list of the last 256,
/// <c>log</c> a hash with the bytes of all runs (<c>bytes</c>) and whether the sandbox has ended (<c>ended</c>), <c>closed</c> a list of the ended runs
/// whose events are kept, the newest first: id, bytes, expiry in Unix seconds, and <c>k</c> where the record is kept longer than the events;
/// <c>unreported</c> a list of the ended runs whose end the tenant's feed may not have, the oldest first;
/// <c>usage</c> a hash of what the ended runs have used, <c>key|runs</c> and <c>key|bytes</c>.
/// Fields of a run: <c>hash</c>, <c>run</c>, <c>exit</c>, <c>last</c>, <c>end</c>; <c>at</c> last seq and <c>bytes</c> of all batches ever;
/// <c>pos</c> last seq, frame, first seq and bytes held. A run that ended in its first batch has <c>hash</c>, <c>exit</c>, <c>short</c>, <c>use</c> where its usage is known, and <c>lines</c>.
/// A run whose programs have sent spans has what <see cref="RedisSpans"/> describes too.
/// An error text of one word would get <c>ERR</c> in front, hence two words.
/// </remarks>
internal static class RedisScripts
{
    /// <summary>What a run counts beside its events, in bytes.</summary>
    public const int RunCost = 512;

    /// <summary>Lines of a run whose record is kept longer than its events stay in the record up to this size, in bytes.</summary>
    public const int MaxKeptLines = 1024;

    // Under maxmemory Redis refuses commands that may need memory, but not within a script that has written before. SREM is never refused.
    private const string UseReserve = "redis.call('SREM', open, '')";

    /// <summary>What the scripts share.</summary>
    public const string Common = """
        local prefix = string.match(KEYS[1], '^(.*}:)')
        local open, log, closed = prefix .. 'open', prefix .. 'log', prefix .. 'closed'
        local function total() return tonumber(redis.call('HGET', log, 'bytes') or '0') end
        local function add(bytes)
          local now = redis.call('HINCRBY', log, 'bytes', string.format('%.0f', bytes + 0))
          if now < 0 then redis.call('HSET', log, 'bytes', '0') return 0 end
          return now
        end
        local function release(entry)
          local id, bytes = string.match(entry, '^(%S+) (%d+)')
          redis.call('UNLINK', prefix .. 'events:' .. id, prefix .. 'spans:' .. id)
          redis.call('HDEL', prefix .. 'run:' .. id, 'lines', 'pos')
          add(-tonumber(bytes))
        end
        local function forget(most)
          local now = tonumber(redis.call('TIME')[1])
          while most > 0 do
            local oldest = redis.call('LINDEX', closed, -1)
            if not oldest then return end
            local bytes, expiry = string.match(oldest, '^%S+ (%d+) (%d+)')
            if tonumber(expiry) > now then return end
            redis.call('RPOP', closed)
            add(-tonumber(bytes))
            most = most - 1
          end
        end
        local function evict(budget, most)
          local runs = 0
          while runs < most and total() > budget do
            local oldest = redis.call('RPOP', closed)
            if not oldest then break end
            release(oldest)
            runs = runs + 1
          end
          return runs
        end

        """;

    /// <summary>
    /// KEYS run, open, runs, log, closed; ARGV run id, payload hash, the other fields as one text, budget of the sandbox in bytes or '' for a
    /// run that is written again. Answers {hash that counts, is new, has ended, bytes of the sandbox}; refuses with <c>BUDGET</c> or <c>CLOSED</c>.
    /// </summary>
    public static readonly string Accept = Common + $$"""
        local known = redis.call('HGET', KEYS[1], 'hash')
        if known then return {known, 0, redis.call('HEXISTS', KEYS[1], 'exit'), total()} end
        if redis.call('HEXISTS', log, 'ended') == 1 then return redis.error_reply('CLOSED ' .. log) end
        forget(32)
        if ARGV[4] ~= '' then
          local budget = tonumber(ARGV[4]) - {{RunCost}}
          evict(budget, 64)
          if total() > budget then return redis.error_reply('BUDGET ' .. total()) end
        end
        redis.call('HSET', KEYS[1], 'hash', ARGV[2], 'run', ARGV[3])
        redis.call('SADD', KEYS[2], ARGV[1])
        redis.call('LREM', KEYS[3], 1, ARGV[1])
        redis.call('LPUSH', KEYS[3], ARGV[1])
        redis.call('LTRIM', KEYS[3], 0, 255)
        return {ARGV[2], 1, 0, add({{RunCost}})}
        """;

    /// <summary>KEYS run, open, runs, events, log; ARGV run id. Answers 0 when the run has events or an exit.</summary>
    public static readonly string Withdraw = Common + $$"""
        if redis.call('EXISTS', KEYS[4]) == 1 or redis.call('HEXISTS', KEYS[1], 'exit') == 1 then return 0 end
        redis.call('SREM', KEYS[2], ARGV[1])
        redis.call('LREM', KEYS[3], 1, ARGV[1])
        local spans = tonumber(redis.call('HGET', KEYS[1], 'sb') or '0')
        redis.call('UNLINK', prefix .. 'spans:' .. ARGV[1])
        if redis.call('DEL', KEYS[1]) == 1 then add(-{{RunCost}} - spans) end
        return 1
        """;

    /// <summary>KEYS run, open, runs, events, log; ARGV run id.</summary>
    public static readonly string Discard = Common + $$"""
        redis.call('SREM', KEYS[2], ARGV[1])
        redis.call('LREM', KEYS[3], 1, ARGV[1])
        local ended = redis.pcall('HEXISTS', KEYS[1], 'exit') == 1
        local pos = redis.pcall('HGET', KEYS[1], 'pos')
        local held = type(pos) == 'string' and string.match(pos, '(%d+)$') or '0'
        local spans = redis.pcall('HGET', KEYS[1], 'sb')
        spans = type(spans) == 'string' and tonumber(spans) or 0
        if redis.call('UNLINK', KEYS[1]) == 1 and not ended then add(-{{RunCost}} - tonumber(held) - spans) end
        if ended then
          for _, entry in ipairs(redis.call('LRANGE', closed, 0, -1)) do
            local id, bytes = string.match(entry, '^(%S+) (%d+)')
            if id == ARGV[1] then
              redis.call('LREM', closed, 1, entry)
              add(-tonumber(bytes))
            end
          end
        end
        redis.call('UNLINK', KEYS[4], prefix .. 'spans:' .. ARGV[1])
        return 1
        """;

    /// <summary>KEYS run, log, closed; ARGV bytes that the sandbox may keep, runs at most. Answers {runs whose events were removed, bytes of the sandbox}.</summary>
    public static readonly string Evict = Common + $$"""
        {{UseReserve}}
        forget(32)
        local runs = evict(tonumber(ARGV[1]), tonumber(ARGV[2]))
        return {runs, total()}
        """;

    /// <summary>
    /// KEYS run, open, runs, log, closed; ARGV retention of the list of runs in seconds, retention of events or '' to leave it, index at which
    /// to continue, ended runs at most. Answers the index at which to continue, or -1 at the end.
    /// </summary>
    public static readonly string Expire = Common + $$"""
        {{UseReserve}}
        redis.call('HSET', log, 'ended', '1')
        redis.call('EXPIRE', log, ARGV[1])
        redis.call('EXPIRE', KEYS[3], ARGV[1])
        redis.call('EXPIRE', closed, ARGV[1])
        redis.call('EXPIRE', open, ARGV[1])
        redis.call('EXPIRE', prefix .. 'usage', ARGV[1])
        redis.call('EXPIRE', prefix .. 'unreported', ARGV[1])
        if ARGV[2] == '' then return -1 end
        local from, most = tonumber(ARGV[3]), tonumber(ARGV[4])
        local entries = redis.call('LRANGE', closed, from, from + most - 1)
        local function shorten(key)
          local left = redis.call('TTL', key)
          if left == -1 or left > tonumber(ARGV[2]) then redis.call('EXPIRE', key, ARGV[2]) end
        end
        for _, entry in ipairs(entries) do
          local id, kept = string.match(entry, '^(%S+) %d+ %d+ (%S)')
          shorten(prefix .. 'events:' .. id)
          shorten(prefix .. 'spans:' .. id)
          if kept ~= 'k' then shorten(prefix .. 'run:' .. id) end
        end
        if #entries < most then return -1 end
        return from + most
        """;

    /// <summary>
    /// KEYS events, run, open, log, closed; ARGV run id, seq before, oldest seq to keep, first seq, last seq, lines, last guest frame, budget of the
    /// sandbox in bytes, 1 to use the memory reserve; and with an exit its line, its ending, the compact form of the run or '', retention of the
    /// events and of the record in seconds, <c>k</c> where the record is kept longer than the events (otherwise ''), the key to which the run counts in
    /// <c>usage</c>, the number of runs that it counts as, its usage for the compact form or '', and the number of ended runs that may be unreported or 0. Answers
    /// the bytes of the sandbox.
    /// Refuses with <c>ENDED</c> or <c>FENCED last-seq</c>. An open run never expires: the fence would expire with its entries.
    /// </summary>
    /// <remarks>
    /// The record notes the last entry, because looking at that entry copies all of it: half of an append's time. Where the note is wrong,
    /// for it was lost or an older version wrote, the entries count.
    /// </remarks>
    public static readonly string Append = Common + $$"""
        local function top()
          local entry = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
          if not entry then return '0', 0 end
          return string.match(entry[1], '^%d+'), entry[2][6]
        end
        local function bottom(from)
          local entry = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1)[1]
          local _, lines = string.gsub(entry[2][2], '\n', '\n')
          return tonumber(string.match(entry[1], '^%d+')) - lines + 1, tonumber(entry[2][6]) - #entry[2][2]
        end
        local run = redis.call('HMGET', KEYS[2], 'exit', 'hash', 'at', 'bytes', 'pos', 'sb', 'sn', 'sd')
        if run[1] then return redis.error_reply('ENDED ' .. KEYS[2]) end
        local at, bytes, exists = run[3], run[4], redis.call('EXISTS', KEYS[1]) == 1
        if at ~= ARGV[2] or not exists then at, bytes = top() end
        if at ~= ARGV[2] or not run[2] then return redis.error_reply('FENCED ' .. at) end
        local size, exit = #ARGV[6], ARGV[10]
        if exit ~= '' or ARGV[9] == '1' then {{UseReserve}} end
        if ARGV[9] == '1' then
          evict(total() - size, 64)
          if exit == '' and exists then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2] .. '-0') end
        end
        local first, held, before = ARGV[4], 0, 0
        if exists then
          local known, oldest, kept = string.match(run[5] or '', '^(%d+) %d+ (%d+) (%d+)$')
          if known == at and ARGV[9] ~= '1' then
            first, held = oldest, tonumber(kept)
          else
            local below
            first, below = bottom('-')
            held = tonumber(bytes) - below
          end
          before = known == at and tonumber(kept) or held
        end
        local short = exit ~= '' and ARGV[12] ~= '' and not exists and at == '0'
        if short and ARGV[15] == 'k' and size > {{MaxKeptLines}} then short = false end
        if short then
          held = size
          redis.call('DEL', KEYS[2])
          redis.call('HSET', KEYS[2], 'hash', run[2], 'exit', exit, 'short', ARGV[12], 'lines', string.sub(ARGV[6], 1, size - #exit))
          if ARGV[18] ~= '' then redis.call('HSET', KEYS[2], 'use', ARGV[18]) end
          if run[7] then redis.call('HSET', KEYS[2], 'sb', run[6] or '0', 'sn', run[7], 'sd', run[8] or '0') end
        else
          bytes = string.format('%.0f', tonumber(bytes) + size)
          held = held + size
          local added = redis.pcall('XADD', KEYS[1], ARGV[5] .. '-0', 'e', ARGV[6], 'f', ARGV[7], 'b', bytes)
          if type(added) == 'table' then
            at = top()
            if at == ARGV[2] then return added end
            return redis.error_reply('FENCED ' .. at)
          end
          if tonumber(ARGV[3]) > tonumber(first) then
            redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3] .. '-0')
            local below
            first, below = bottom('-')
            held = tonumber(bytes) - below
          end
          redis.call('HSET', KEYS[2], 'at', ARGV[5], 'bytes', bytes, 'pos', string.format('%s %s %.0f %.0f', ARGV[5], ARGV[7], tonumber(first), held))
        end
        local now = add(held - before)
        if exit ~= '' then
          if not short then
            redis.call('HSET', KEYS[2], 'exit', exit, 'last', ARGV[5], 'end', ARGV[11])
            redis.call('EXPIRE', KEYS[1], ARGV[13])
          end
          local spans = tonumber(run[6] or '0')
          if spans > 0 then redis.call('EXPIRE', prefix .. 'spans:' .. ARGV[1], ARGV[13]) end
          redis.call('EXPIRE', KEYS[2], ARGV[14])
          redis.call('SREM', open, ARGV[1])
          local usage = prefix .. 'usage'
          redis.call('HINCRBY', usage, ARGV[16] .. '|bytes', short and size or bytes)
          if ARGV[17] ~= '0' then redis.call('HINCRBY', usage, ARGV[16] .. '|runs', ARGV[17]) end
          if ARGV[19] ~= '0' then
            redis.call('RPUSH', prefix .. 'unreported', ARGV[1])
            redis.call('LTRIM', prefix .. 'unreported', -tonumber(ARGV[19]), -1)
          end
          local expiry = tonumber(redis.call('TIME')[1]) + tonumber(ARGV[13])
          redis.call('LPUSH', closed, string.format('%s %.0f %.0f %s', ARGV[1], held + spans + {{RunCost}}, expiry, ARGV[15] == 'k' and 'k' or '-'))
          forget(4)
        end
        if now > tonumber(ARGV[8]) then
          evict(tonumber(ARGV[8]), 16)
          now = total()
        end
        return now
        """;
}
