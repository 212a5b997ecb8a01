using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Runs;
using Podflare.Sandboxes;
using StackExchange.Redis;

namespace Podflare.Logs;

/// <summary>The lines in Redis: one stream per sandbox, whose ids are the numbers of the lines. The multiplexer is shared.</summary>
internal sealed class RedisSandboxLog(IConnectionMultiplexer redis, IOptions<SandboxLogOptions> options, ILogger<RedisSandboxLog> logger) : ISandboxLog
{
    /// <summary>KEYS stream, <c>head</c> the number of the newest line; ARGV lines dropped before, lines to keep, seconds to keep them, and per line its JSON.</summary>
    private const string Append = """
        local stream, head = KEYS[1], KEYS[2]
        local seq = redis.call('INCRBY', head, ARGV[1])
        for i = 4, #ARGV do
          seq = redis.call('INCR', head)
          redis.call('XADD', stream, string.format('%.0f-0', seq), 'l', ARGV[i])
        end
        redis.call('XTRIM', stream, 'MAXLEN', ARGV[2])
        redis.call('EXPIRE', stream, ARGV[3])
        redis.call('EXPIRE', head, ARGV[3])
        return seq
        """;

    private readonly RedisCalls _calls = new(redis, logger, "log of sandboxes");

    public Task AppendAsync(SandboxId sandbox, IReadOnlyList<SandboxLogLine> lines, long dropped, CancellationToken cancellationToken) => _calls.CallAsync(
        db => db.ScriptEvaluateAsync(
            Append,
            [StreamKey(sandbox), HeadKey(sandbox)],
            [
                dropped, options.Value.SandboxLines, (long)Math.Ceiling(options.Value.SandboxHours * 3600),
                .. lines.Select(line => (RedisValue)JsonSerializer.SerializeToUtf8Bytes(line, SandboxLogJson.Default.SandboxLogLine)),
            ]),
        cancellationToken);

    public async Task<SandboxLogPage> ReadAsync(SandboxId sandbox, long after, int count, CancellationToken cancellationToken)
    {
        var (newest, entries) = await _calls.CallAsync(async db => await ReadAsync(db, sandbox, after, count), cancellationToken);
        if (after > newest) (after, (newest, entries)) = (0, await _calls.CallAsync(async db => await ReadAsync(db, sandbox, 0, count), cancellationToken));
        var lines = entries.Select(entry => JsonSerializer.Deserialize((byte[])entry["l"]!, SandboxLogJson.Default.SandboxLogLine)!).ToArray();
        // Behind the last line of a full page there may be more; behind that of another one there are only lines that are gone.
        var next = entries.Length == count ? SeqOf(entries[^1]) : Math.Max(newest, entries.Length > 0 ? SeqOf(entries[^1]) : after);
        return new SandboxLogPage(lines, next, next - after - lines.Length);
    }

    private static async Task<(long Newest, StreamEntry[] Entries)> ReadAsync(IDatabase db, SandboxId sandbox, long after, int count)
    {
        // The number first: lines that come between the two calls are then only in the second one.
        var head = db.StringGetAsync(HeadKey(sandbox));
        var entries = db.StreamRangeAsync(StreamKey(sandbox), minId: $"({after.ToString(CultureInfo.InvariantCulture)}-0", count: count);
        return (await head is { IsNull: false } newest ? (long)newest : 0, await entries);
    }

    private static long SeqOf(StreamEntry entry)
    {
        var id = entry.Id.ToString();
        return long.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
    }

    private static RedisKey StreamKey(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:lines";

    private static RedisKey HeadKey(SandboxId sandbox) => $"podflare:{{{sandbox.Value}}}:lines:head";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SandboxLogLine))]
internal sealed partial class SandboxLogJson : JsonSerializerContext;
