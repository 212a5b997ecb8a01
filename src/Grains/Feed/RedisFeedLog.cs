using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Runs;
using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Feed;

/// <summary>The feeds in Redis: one stream per tenant, whose ids are the numbers of the events. The multiplexer is shared.</summary>
public sealed class RedisFeedLog(IConnectionMultiplexer redis, IOptions<FeedOptions> options, TimeProvider time, ILogger<RedisFeedLog> logger) : IFeedLog
{
    /// <summary>
    /// KEYS stream, <c>head</c> the number of the newest event, <c>ids</c> a sorted set of known ids by time; ARGV time in ms, events to keep, time in ms before
    /// which events and ids go, ids to keep, seconds for which an unused feed is kept, and per event id, JSON, and the id in whose presence it is dropped.
    /// Answers the places of the events that were added.
    /// </summary>
    private const string Append = """
        local stream, head, ids, now = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
        local added = {}
        for i = 6, #ARGV, 3 do
          local obsolete = ARGV[i + 2] ~= '' and redis.call('ZSCORE', ids, ARGV[i + 2])
          if not obsolete and redis.call('ZADD', ids, 'NX', now, ARGV[i]) == 1 then
            local seq = redis.call('INCR', head)
            redis.call('XADD', stream, string.format('%.0f-0', seq), 't', now, 'e', ARGV[i + 1])
            added[#added + 1] = (i - 6) / 3
          end
        end
        redis.call('XTRIM', stream, 'MAXLEN', ARGV[2])
        for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+', 'COUNT', 64)) do
          if tonumber(entry[2][2]) >= tonumber(ARGV[3]) then break end
          redis.call('XDEL', stream, entry[1])
        end
        redis.call('ZREMRANGEBYSCORE', ids, '-inf', '(' .. ARGV[3])
        redis.call('ZREMRANGEBYRANK', ids, 0, -1 - tonumber(ARGV[4]))
        redis.call('EXPIRE', stream, ARGV[5])
        redis.call('EXPIRE', ids, ARGV[5])
        return added
        """;

    private readonly RedisCalls _calls = new(redis, logger, "feed");

    public async Task<IReadOnlyList<int>> AppendAsync(TenantId tenant, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken)
    {
        var (now, limits) = (time.GetUtcNow(), options.Value);
        List<RedisValue> arguments =
        [
            now.ToUnixTimeMilliseconds(), limits.Events, now.AddHours(-limits.Hours).ToUnixTimeMilliseconds(), FeedLimits.KnownIds(limits), (long)Math.Ceiling(limits.Hours * 3600),
        ];
        foreach (var told in events) arguments.AddRange([told.Id, FeedJson.Write(told), told.ObsoleteAfter ?? ""]);
        var added = (long[]?)await _calls.CallAsync(
            db => db.ScriptEvaluateAsync(Append, [StreamKey(tenant), HeadKey(tenant), IdsKey(tenant)], [.. arguments]), cancellationToken);
        return [.. (added ?? []).Select(place => (int)place)];
    }

    public async Task<FeedSlice> ReadAsync(TenantId tenant, long after, int count, CancellationToken cancellationToken)
    {
        var (head, first, page) = await _calls.CallAsync(
            async db =>
            {
                var head = db.StringGetAsync(HeadKey(tenant));
                var first = db.StreamRangeAsync(StreamKey(tenant), count: 1);
                var page = db.StreamRangeAsync(StreamKey(tenant), minId: $"({after.ToString(CultureInfo.InvariantCulture)}-0", count: count);
                return (await head, await first, await page);
            },
            cancellationToken);
        FeedEntry[] entries = [.. page.Select(entry => FeedJson.Read(SeqOf(entry), (string)entry["e"]!))];
        var newest = Math.Max(head.IsNull ? 0 : (long)head, entries.Length > 0 ? entries[^1].Seq : 0);
        return new FeedSlice(first is [var oldest] ? SeqOf(oldest) : newest + 1, newest, entries);
    }

    private static long SeqOf(StreamEntry entry)
    {
        var id = entry.Id.ToString();
        return long.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
    }

    private static RedisKey StreamKey(TenantId tenant) => $"podflare:{{t:{tenant.Value}}}:feed";

    private static RedisKey HeadKey(TenantId tenant) => $"podflare:{{t:{tenant.Value}}}:feed:head";

    private static RedisKey IdsKey(TenantId tenant) => $"podflare:{{t:{tenant.Value}}}:feed:ids";
}
