using System.Text.Json;
using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.IncidentManagement;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.Probes;

/// <summary>Stores samples and applies their consequences in the same transaction.</summary>
internal sealed class HealthMonitor(Database database, Reconciler reconciler, IOptions<ProbeOptions> probes, IOptions<IncidentOptions> incidents)
{
    private long _lastCheck;

    /// <summary>When the newest result of a probe was stored; null if none was since the process started.</summary>
    public DateTimeOffset? LastCheck => Interlocked.Read(ref _lastCheck) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public Task EnsureComponentsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(sql => ComponentStore.Ensure(sql, probes.Value.Components, now), cancellationToken);

    public async Task RecordAsync(ProbeResult result, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await database.WriteAsync(
            sql =>
            {
                foreach (var latency in result.Latencies)
                    sql.Execute($"INSERT INTO latency (at, series, ms) VALUES ({latency.At}, {latency.Series}, {latency.Milliseconds})");
                foreach (var sample in result.Samples) RecordSample(sql, sample);
                reconciler.Run(sql, now);
            },
            cancellationToken);
        if (result.Samples.Count > 0) Interlocked.Exchange(ref _lastCheck, now.UtcTicks);
    }

    /// <summary>Applies what depends on time alone: stale data expires, maintenance starts and ends, and incidents are resolved.</summary>
    public Task EvaluateAsync(DateTimeOffset now, CancellationToken cancellationToken) => database.WriteAsync(
        sql =>
        {
            foreach (var component in ComponentStore.All(sql).Where(c => !c.IsGroup)) ExpireStaleData(sql, component.Id, now);
            reconciler.Run(sql, now);
        },
        cancellationToken);

    private void RecordSample(Sql sql, Sample sample)
    {
        sql.Execute($"""
            INSERT INTO sample (at, component, target, outcome, cause, ms)
            VALUES ({sample.At}, {sample.Component}, {sample.Target}, {sample.Outcome}, {sample.Cause}, {sample.Milliseconds})
            """);
        // First, so that a gap before this sample is recorded as missing data.
        ExpireStaleData(sql, sample.Component, sample.At);
        var targets = Targets(sql, sample.Component);
        var limits = Limits(sample.Component);
        var before = targets.GetValueOrDefault(sample.Target, TargetHealth.Unknown);
        var after = HealthRules.Apply(before, sample, limits);
        if (after == before) return;
        targets[sample.Target] = after;
        sql.Execute($"""
            INSERT INTO target (component, target, health) VALUES ({sample.Component}, {sample.Target}, {JsonSerializer.Serialize(after)})
            ON CONFLICT (component, target) DO UPDATE SET health = excluded.health
            """);
        var status = HealthRules.Status(targets.Values, sample.At, limits);
        var known = IntervalStore.GetProbed(sql, sample.Component).Status != ComponentStatus.NoData;
        var turned = after.IsDown != before.IsDown || after.IsSlow != before.IsSlow;
        IntervalStore.SetProbed(sql, sample.Component, status, known && turned ? after.Since : sample.At, status.IsFault ? after.Cause ?? Cause(targets) : null);
    }

    private void ExpireStaleData(Sql sql, string component, DateTimeOffset now)
    {
        var open = IntervalStore.GetProbed(sql, component);
        if (open.Status == ComponentStatus.NoData) return;
        var targets = Targets(sql, component);
        var limits = Limits(component);
        var status = HealthRules.Status(targets.Values, now, limits);
        if (status == open.Status) return;
        var last = targets.Values.Max(t => t.LastAt) ?? open.From;
        IntervalStore.SetProbed(sql, component, status, status == ComponentStatus.NoData ? last : now, status == ComponentStatus.NoData ? "not measured" : Cause(targets));
    }

    private Dictionary<string, TargetHealth> Targets(Sql sql, string component)
    {
        var configured = component == Ids.Workers ? probes.Value.ProcessAddresses : probes.Value.PlatformAddresses;
        var names = configured.Select(Target).ToHashSet();
        return sql.List($"SELECT target, health FROM target WHERE component = {component}", row => (row.Text(0), row.Text(1)))
            .Where(t => names.Contains(t.Item1))
            .ToDictionary(t => t.Item1, t => JsonSerializer.Deserialize<TargetHealth>(t.Item2)!);
    }

    /// <summary>The name of a target in the database.</summary>
    public static string Target(Uri address) => address.GetLeftPart(UriPartial.Path).TrimEnd('/');

    private static string? Cause(Dictionary<string, TargetHealth> targets) => targets.Values.Select(t => t.Cause).FirstOrDefault(c => c is not null);

    private HealthLimits Limits(string component) => probes.Value.Limits(component, incidents.Value.FailuresInRow, incidents.Value.GoodInRow);
}
