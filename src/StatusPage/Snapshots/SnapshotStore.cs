using System.Text.Json;
using Microsoft.Extensions.Options;
using Podflare.Components;
using Podflare.Configuration;
using Podflare.Incidents;
using Podflare.Probes;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.Snapshots;

/// <summary>Holds the newest snapshot and signals each new one.</summary>
internal sealed class SnapshotStore
{
    private const int MaxIncidents = 500;
    private const int MaxMaintenances = 200;

    private readonly IOptions<StatusOptions> _options;
    private readonly IOptions<ProbeOptions> _probes;
    private readonly TimeProvider _time;
    private volatile TaskCompletionSource<Snapshot> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Snapshot _current;
    private bool _isStale;

    public SnapshotStore(Database database, IOptions<StatusOptions> options, IOptions<ProbeOptions> probes, TimeProvider time)
    {
        _options = options;
        _probes = probes;
        _time = time;
        _current = database.Read(Load);
        database.Committed += sql =>
        {
            // If a snapshot could not be created, the next commit tries again, whatever it changes.
            _isStale |= sql.Changed;
            if (!_isStale) return;
            database.Read(Publish);
            _isStale = false;
        };
    }

    public Snapshot Current => _current;

    /// <summary>Completes with the next snapshot.</summary>
    public Task<Snapshot> NextAsync() => _next.Task;

    private bool Publish(Sql sql)
    {
        _current = Load(sql);
        Interlocked.Exchange(ref _next, new TaskCompletionSource<Snapshot>(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(_current);
        return true;
    }

    private Snapshot Load(Sql sql)
    {
        var now = _time.GetUtcNow();
        var components = ComponentStore.All(sql);
        var from = now.AddDays(-DayBar.Count - 1);
        var histories = components.Where(c => !c.IsGroup).ToDictionary(c => c.Id, c => History(sql, c.Id, from, now));
        var charts = LatencyStore.Charts.Select(c => new LatencyChart(
            c.Series, c.Name,
            LatencyStore.Points(sql, c.Series, "short", LatencyStore.Floor(now, LatencyStore.ShortStep).AddDays(-1)),
            LatencyStore.Points(sql, c.Series, "hour", LatencyStore.Floor(now, LatencyStore.HourStep).AddDays(-7)),
            LatencyStore.Points(sql, c.Series, "long", LatencyStore.Floor(now, LatencyStore.LongStep).AddDays(1 - DayBar.Count)))).ToArray();
        return new Snapshot(
            sql.Number($"SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'change'"), now, components, histories,
            IncidentStore.Newest(sql, IncidentKind.Incident, MaxIncidents), IncidentStore.Newest(sql, IncidentKind.Maintenance, MaxMaintenances),
            charts, Targets(sql, now));
    }

    private ComponentHistory History(Sql sql, string component, DateTimeOffset from, DateTimeOffset now)
    {
        var intervals = IntervalStore.List(sql, component, from);
        var days = DayBar.CreateHistory(intervals, now, _options.Value.PartialWeight);
        var start = new DateTimeOffset(days[0].Day, TimeOnly.MinValue, TimeSpan.Zero);
        var line = Timeline.Resolve(intervals, start, now);
        return new ComponentHistory(days, UptimeFigure.Calculate(line, _options.Value.PartialWeight), line);
    }

    private Dictionary<string, (int Ready, int Known)> Targets(Sql sql, DateTimeOffset now) => sql
        .List($"SELECT component, target, health FROM target", row => (Component: row.Text(0), Target: row.Text(1), Health: JsonSerializer.Deserialize<TargetHealth>(row.Text(2))!))
        .Where(t => Configured(t.Component).Contains(t.Target))
        .GroupBy(t => t.Component)
        .ToDictionary(g => g.Key, g => (g.Count(t => !t.Health.IsDown && HealthRules.IsFresh(t.Health, now, _probes.Value.Limits(g.Key, 3, 3))), Configured(g.Key).Count));

    private List<string> Configured(string component) =>
        [.. (component == Ids.Workers ? _probes.Value.ProcessAddresses : _probes.Value.PlatformAddresses).Select(HealthMonitor.Target)];
}
