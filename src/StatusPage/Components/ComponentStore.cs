using Podflare.Storage;

namespace Podflare.Components;

internal static class ComponentStore
{
    /// <summary>All components that can be measured, in the order in which the page shows them.</summary>
    public static readonly (string Id, string Name, string Description)[] Known =
    [
        (Ids.Api, "API", "The HTTP API responds and is ready."),
        (Ids.Sandboxes, "Sandboxes", "Sandboxes can be created and deleted."),
        (Ids.CodeExecution, "Code execution", "Code runs and its output is correct."),
        (Ids.EventStreaming, "Event streaming", "A run's events can be read again after a connection is lost."),
        (Ids.Workers, "Workers", "The processes that run sandboxes are ready."),
    ];

    public static List<Component> All(Sql sql) => sql.List(
        $"SELECT id, name, description, position, is_group, group_id, status, created_at, updated_at, quiet_until FROM component ORDER BY position, id",
        Read);

    public static Component? Find(Sql sql, string id) => sql.First(
        $"SELECT id, name, description, position, is_group, group_id, status, created_at, updated_at, quiet_until FROM component WHERE id = {id}",
        Read);

    /// <summary>Adds the components that this configuration measures and that the database does not have yet.</summary>
    public static void Ensure(Sql sql, IReadOnlyCollection<string> measured, DateTimeOffset now)
    {
        for (var i = 0; i < Known.Length; i++)
        {
            var (id, name, description) = Known[i];
            if (!measured.Contains(id)) continue;
            if (sql.Execute($"""
                INSERT INTO component (id, name, description, position, status, created_at, updated_at)
                VALUES ({id}, {name}, {description}, {i + 1}, {ComponentStatus.NoData}, {now}, {now}) ON CONFLICT DO NOTHING
                """) == 0) continue;
            sql.Execute($"""
                INSERT INTO interval (component, layer, status, start, cause) VALUES ({id}, 'probe', {ComponentStatus.NoData}, {now}, 'not measured yet')
                """);
            sql.MarkChanged();
        }
    }

    /// <summary>Moves a component into a group, which is created if needed, or out of its group if <paramref name="group"/> is null. Empty groups are deleted.</summary>
    public static void SetGroup(Sql sql, string id, string? group, DateTimeOffset now)
    {
        string? groupId = null;
        if (group is not null)
        {
            groupId = sql.First($"SELECT id FROM component WHERE is_group = 1 AND name = {group}", row => row.Text(0));
            if (groupId is null)
            {
                groupId = Ids.New("grp");
                sql.Execute($"""
                    INSERT INTO component (id, name, position, is_group, status, created_at, updated_at)
                    VALUES ({groupId}, {group}, (SELECT position FROM component WHERE id = {id}), 1, {ComponentStatus.Operational}, {now}, {now})
                    """);
            }
        }

        sql.Execute($"UPDATE component SET group_id = {groupId}, updated_at = {now} WHERE id = {id}");
        sql.Execute($"DELETE FROM component WHERE is_group = 1 AND id NOT IN (SELECT group_id FROM component WHERE group_id IS NOT NULL)");
        sql.MarkChanged();
    }

    private static Component Read(Row row) => new(
        row.Text(0), row.Text(1), row.NullableText(2), row.Int(3), row.Flag(4), row.NullableText(5), row.Name<ComponentStatus>(6),
        row.Time(7), row.Time(8), row.NullableTime(9));
}
