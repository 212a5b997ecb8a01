using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Runs;
using Podflare.Tenants;
using StackExchange.Redis;

namespace Podflare.Usage;

/// <summary>The usage log in Redis: one hash per tenant and day. The multiplexer is shared.</summary>
public sealed class RedisUsageLog(IConnectionMultiplexer redis, IOptions<UsageOptions> options, TimeProvider time, ILogger<RedisUsageLog> logger) : IUsageLog
{
    /// <summary>How long a sandbox that has ended is remembered, so that a late fold is ignored.</summary>
    public static readonly TimeSpan ClosedFor = TimeSpan.FromHours(48);

    /// <summary>How long a sandbox is remembered that nobody folds any more, although it never ended.</summary>
    public static readonly TimeSpan OpenFor = TimeSpan.FromDays(60);

    private const int DaysAtATime = 32;

    private readonly RedisCalls _calls = new(redis, logger, "usage log");
    private readonly ConcurrentDictionary<TenantId, bool> _known = new();

    public async Task FoldAsync(TenantId tenant, UsageFold fold, CancellationToken cancellationToken)
    {
        if (!_known.ContainsKey(tenant))
        {
            await _calls.CallAsync(db => db.SetAddAsync(UsageScripts.Tenants, tenant.Value), cancellationToken);
            _known[tenant] = true;
        }

        var remembered = fold.IsFinal ? ClosedFor : OpenFor;
        List<RedisValue> arguments =
        [
            fold.Sandbox.Value, fold.IsFinal ? 1 : 0, time.GetUtcNow().ToUnixTimeSeconds(), (long)remembered.TotalSeconds, options.Value.RetentionDays * 86_400L,
        ];
        foreach (var source in fold.Sources)
        {
            var total = source.Total;
            arguments.AddRange([source.Field, total.Sandboxes, total.SandboxMs, total.MemoryMibMs, total.CpuUs, total.Runs, total.Bytes]);
        }

        await _calls.CallAsync(
            db => db.ScriptEvaluateAsync(
                UsageScripts.Fold, [UsageScripts.Open(tenant), UsageScripts.Day(tenant, fold.Day), UsageScripts.Due(tenant)], [.. arguments]),
            cancellationToken);
    }

    public async Task<IReadOnlyList<UsageRow>> ReadAsync(TenantId tenant, DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        List<UsageRow> rows = [];
        foreach (var days in Days(from, to).Chunk(DaysAtATime))
        {
            var hashes = await _calls.CallAsync(db => Task.WhenAll(days.Select(day => db.HashGetAllAsync(UsageScripts.Day(tenant, day)))), cancellationToken);
            foreach (var (day, hash) in days.Zip(hashes)) rows.AddRange(Rows(day, hash));
        }

        return rows;
    }

    public async Task<IReadOnlyList<TenantId>> ListTenantsAsync(CancellationToken cancellationToken)
    {
        var tenants = await _calls.CallAsync(db => db.SetMembersAsync(UsageScripts.Tenants), cancellationToken);
        return [.. tenants.Select(tenant => new TenantId(tenant!)).OrderBy(tenant => tenant.Value, StringComparer.Ordinal)];
    }

    private static IEnumerable<DateOnly> Days(DateOnly from, DateOnly to)
    {
        for (var day = from; day <= to; day = day.AddDays(1)) yield return day;
    }

    private static IEnumerable<UsageRow> Rows(DateOnly day, HashEntry[] hash) => hash
        .Select(entry => (Parts: entry.Name.ToString().Split('|'), Value: (long)entry.Value))
        .Where(entry => entry.Parts.Length == 2)
        .GroupBy(entry => entry.Parts[0], StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group =>
        {
            var values = group.ToDictionary(entry => entry.Parts[1], entry => entry.Value, StringComparer.Ordinal);
            var amounts = UsageScripts.Names.Select(name => values.GetValueOrDefault(name)).ToArray();
            return new UsageRow(day, UsageSource.KeyOf(group.Key), new UsageAmounts(amounts[0], amounts[1], amounts[2], amounts[3], amounts[4], amounts[5]));
        });
}
