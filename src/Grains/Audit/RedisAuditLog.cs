using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Runs;
using StackExchange.Redis;

namespace Podflare.Audit;

/// <summary>The audit logs in Redis: one stream per tenant, whose ids are the numbers of the entries. The multiplexer is shared.</summary>
public sealed class RedisAuditLog(IConnectionMultiplexer redis, IOptions<AuditOptions> options, TimeProvider time, ILogger<RedisAuditLog> logger) : IAuditLog
{
    /// <summary>
    /// KEYS stream, <c>head</c> a hash with number and hash of the newest entry, <c>ids</c> a sorted set of known ids by time; ARGV number and hash of the newest
    /// entry as the writer knows it, entries to keep, time in ms before which entries and ids go, and per entry number, id and JSON, the last one with
    /// its hash behind it. Answers 0 when the newest entry is another one.
    /// </summary>
    private const string Append = """
        local stream, head, ids = KEYS[1], KEYS[2], KEYS[3]
        local known = redis.call('HMGET', head, 'seq', 'hash')
        if (known[1] or '0') ~= ARGV[1] or (known[2] or ARGV[2]) ~= ARGV[2] then return 0 end
        local now, last = ARGV[6], #ARGV - 1
        for i = 7, last, 3 do
          redis.call('XADD', stream, ARGV[i] .. '-0', 't', now, 'e', ARGV[i + 2])
          redis.call('ZADD', ids, now, ARGV[i + 1])
        end
        redis.call('HSET', head, 'seq', ARGV[last - 2], 'hash', ARGV[#ARGV])
        redis.call('XTRIM', stream, 'MAXLEN', ARGV[3])
        for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', 64)) do
          if tonumber(entry[2][2]) >= tonumber(ARGV[4]) then break end
          redis.call('XDEL', stream, entry[1])
        end
        redis.call('ZREMRANGEBYSCORE', ids, '-inf', '(' .. ARGV[5])
        redis.call('ZREMRANGEBYRANK', ids, 0, -1 - tonumber(ARGV[3]))
        return 1
        """;

    private readonly RedisCalls _calls = new(redis, logger, "audit log");

    public async Task<AuditLink> ReadHeadAsync(string log, CancellationToken cancellationToken)
    {
        var head = await _calls.CallAsync(db => db.HashGetAsync(HeadKey(log), ["seq", "hash"]), cancellationToken);
        return head[0].IsNull ? AuditChain.Start : new AuditLink((long)head[0], (string)head[1]!);
    }

    public async Task<IReadOnlySet<string>> FindKnownAsync(string log, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var scores = await _calls.CallAsync(db => db.SortedSetScoresAsync(IdsKey(log), [.. ids.Select(id => (RedisValue)id)]), cancellationToken);
        return ids.Where((_, i) => scores[i] is not null).ToHashSet(StringComparer.Ordinal);
    }

    public async Task<bool> AppendAsync(string log, AuditLink before, IReadOnlyList<ChainedAuditEntry> entries, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        List<RedisValue> arguments =
        [
            before.Seq, before.Hash, options.Value.MaxEntries, now.AddDays(-options.Value.RetentionDays).ToUnixTimeMilliseconds(),
            now.AddDays(-options.Value.IdRetentionDays).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds(),
        ];
        foreach (var entry in entries) arguments.AddRange([entry.Seq, entry.Id, entry.Json]);
        arguments.Add(entries[^1].Hash);
        return (int)await _calls.CallAsync(db => db.ScriptEvaluateAsync(Append, [StreamKey(log), HeadKey(log), IdsKey(log)], [.. arguments]), cancellationToken) == 1;
    }

    public async Task<IReadOnlyList<string>> ReadBeforeAsync(string log, long seq, int count, CancellationToken cancellationToken)
    {
        if (seq <= 1) return [];
        var entries = await _calls.CallAsync(
            db => db.StreamRangeAsync(StreamKey(log), maxId: $"{seq - 1}-0", count: count, messageOrder: Order.Descending), cancellationToken);
        return [.. entries.Select(entry => (string)entry["e"]!)];
    }

    internal static RedisKey StreamKey(string log) => $"podflare:{{audit:{log}}}";

    private static RedisKey HeadKey(string log) => $"podflare:{{audit:{log}}}:head";

    private static RedisKey IdsKey(string log) => $"podflare:{{audit:{log}}}:ids";
}
