using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Usage;

/// <summary>Keys and script of the usage log in Redis. The keys of one tenant share a hash tag, so that one script may write them all.</summary>
internal static class UsageScripts
{
    /// <summary>Values per key, in the order of the script's arguments.</summary>
    public static readonly string[] Names = ["sandboxes", "sandbox_ms", "memory_mib_ms", "cpu_us", "runs", "bytes"];

    /// <summary>
    /// KEYS <c>open</c> a hash of what was folded last per sandbox, the day a hash of <c>key|name</c>, <c>due</c> a sorted set of when each sandbox is
    /// forgotten; ARGV sandbox, 1 when it has ended, now in Unix seconds, seconds for which the sandbox is remembered, retention of the day in seconds, and
    /// per key its field and six cumulative values. Answers 1, or 0 for a sandbox that has ended before.
    /// </summary>
    public const string Fold = """
        local open, day, due = KEYS[1], KEYS[2], KEYS[3]
        local sandbox, now = ARGV[1], tonumber(ARGV[3])
        for _, old in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[3], 'LIMIT', 0, 16)) do
          redis.call('HDEL', open, old)
          redis.call('ZREM', due, old)
        end
        local text = redis.call('HGET', open, sandbox) or ''
        if text == 'closed' then return 0 end
        local names = {'sandboxes', 'sandbox_ms', 'memory_mib_ms', 'cpu_us', 'runs', 'bytes'}
        local folded = {}
        for key, values in string.gmatch(text, '(%S+) ([%d ]+);') do folded[key] = values end
        for i = 6, #ARGV, 7 do
          local key, before, after = ARGV[i], {}, {}
          for value in string.gmatch(folded[key] or '', '%d+') do before[#before + 1] = tonumber(value) end
          for j = 1, 6 do
            local was, is = before[j] or 0, tonumber(ARGV[i + j])
            if is > was then
              redis.call('HINCRBY', day, key .. '|' .. names[j], string.format('%.0f', is - was))
            else
              is = was
            end
            after[j] = string.format('%.0f', is)
          end
          folded[key] = table.concat(after, ' ')
        end
        local parts = {}
        if ARGV[2] == '1' then
          parts[1] = 'closed'
        else
          for key, values in pairs(folded) do parts[#parts + 1] = key .. ' ' .. values .. ';' end
        end
        redis.call('HSET', open, sandbox, table.concat(parts))
        redis.call('ZADD', due, now + tonumber(ARGV[4]), sandbox)
        redis.call('EXPIRE', day, ARGV[5])
        return 1
        """;

    /// <summary>The tenants that have ever used anything, a set.</summary>
    public static RedisKey Tenants { get; } = "podflare:usage:tenants";

    public static RedisKey Open(TenantId tenant) => $"podflare:{{usage:{tenant.Value}}}:open";

    public static RedisKey Due(TenantId tenant) => $"podflare:{{usage:{tenant.Value}}}:due";

    public static RedisKey Day(TenantId tenant, DateOnly day) => $"podflare:{{usage:{tenant.Value}}}:{day:yyyy-MM-dd}";
}
