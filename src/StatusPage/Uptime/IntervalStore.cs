using Podflare.Components;
using Podflare.Storage;

namespace Podflare.Uptime;

/// <summary>Reads and writes status intervals.</summary>
internal static class IntervalStore
{
    public static List<Interval> List(Sql sql, string component, DateTimeOffset from) => sql.List(
        $"""
        SELECT layer, status, start, finish, cause FROM interval
        WHERE component = {component} AND (finish IS NULL OR finish > {from}) ORDER BY start, id
        """,
        row => new Interval(ParseLayer(row.Text(0)), row.Name<ComponentStatus>(1), row.Time(2), row.NullableTime(3), row.NullableText(4)));

    /// <summary>The current status according to the probes, and its start.</summary>
    public static Interval GetProbed(Sql sql, string component) => sql.First(
        $"SELECT status, start, cause FROM interval WHERE component = {component} AND layer = 'probe' AND finish IS NULL",
        row => new Interval(Layer.Probe, row.Name<ComponentStatus>(0), row.Time(1), null, row.NullableText(2)))
        ?? throw new InvalidDataException($"component {component} has no open interval");

    /// <summary>Changes the probed status from <paramref name="since"/>, which may be in the past but not before the start of the current interval.</summary>
    public static void SetProbed(Sql sql, string component, ComponentStatus status, DateTimeOffset since, string? cause)
    {
        var open = GetProbed(sql, component);
        if (open.Status == status) return;
        if (since <= open.From)
        {
            sql.Execute($"UPDATE interval SET status = {status}, cause = {cause} WHERE component = {component} AND layer = 'probe' AND finish IS NULL");
        }
        else
        {
            sql.Execute($"UPDATE interval SET finish = {since} WHERE component = {component} AND layer = 'probe' AND finish IS NULL");
            sql.Execute($"INSERT INTO interval (component, layer, status, start, cause) VALUES ({component}, 'probe', {status}, {since}, {cause})");
        }

        sql.MarkChanged();
    }

    /// <summary>The status that an operator or a maintenance has set at the given time, if any.</summary>
    public static (Layer Layer, ComponentStatus Status)? FindOverride(Sql sql, string component, DateTimeOffset now)
    {
        var held = sql.List(
            $"""
            SELECT layer, status FROM interval WHERE component = {component} AND layer <> 'probe' AND start <= {now} AND (finish IS NULL OR finish > {now})
            ORDER BY layer = 'hand' DESC, start DESC, id DESC LIMIT 1
            """,
            row => (Layer: ParseLayer(row.Text(0)), Status: row.Name<ComponentStatus>(1)));
        return held.Count == 0 ? null : held[0];
    }

    /// <summary>Sets the status of a component manually until it is released.</summary>
    public static void Pin(Sql sql, string component, ComponentStatus status, DateTimeOffset from, string cause)
    {
        Release(sql, component, from);
        Add(sql, component, Layer.Manual, status, from, null, cause, null);
    }

    /// <summary>Ends every manually set status, including those of open incidents.</summary>
    public static int Release(Sql sql, string component, DateTimeOffset now)
    {
        sql.Execute($"DELETE FROM interval WHERE component = {component} AND layer = 'hand' AND finish IS NULL AND start >= {now}");
        var released = sql.Execute($"UPDATE interval SET finish = {now} WHERE component = {component} AND layer = 'hand' AND finish IS NULL");
        sql.MarkChanged();
        return released;
    }

    /// <summary>Replaces the status intervals of an incident or maintenance.</summary>
    public static void Replace(Sql sql, string incident, Layer layer, IEnumerable<(string Component, ComponentStatus Status, DateTimeOffset From, DateTimeOffset? To)> spans)
    {
        sql.Execute($"DELETE FROM interval WHERE incident = {incident}");
        foreach (var (component, status, from, to) in spans)
        {
            if (to is null || from < to) Add(sql, component, layer, status, from, to, null, incident);
        }

        sql.MarkChanged();
    }

    private static void Add(
        Sql sql, string component, Layer layer, ComponentStatus status, DateTimeOffset from, DateTimeOffset? to, string? cause, string? incident) =>
        sql.Execute($"""
            INSERT INTO interval (component, layer, status, start, finish, cause, incident)
            VALUES ({component}, {Name(layer)}, {status}, {from}, {to}, {cause}, {incident})
            """);

    private static string Name(Layer layer) => layer switch { Layer.Manual => "hand", Layer.Maintenance => "maintenance", _ => "probe" };

    private static Layer ParseLayer(string name) => name switch { "hand" => Layer.Manual, "maintenance" => Layer.Maintenance, _ => Layer.Probe };
}
