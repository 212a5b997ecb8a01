using Podflare.Storage;

namespace Podflare.Subscribers;

/// <summary>A subscriber and its filter. An empty list of components means all of them.</summary>
internal sealed record Subscriber(
    string Id, string Kind, string Address, string State, bool Incidents, bool Maintenance, DateTimeOffset CreatedAt, string? Secret, string? OldSecret,
    DateTimeOffset? OldSecretUntil, int Refusals, string? DisabledBecause)
{
    public IReadOnlyList<string> Components { get; init; } = [];

    public bool IsMail => Kind == "email";

    public static Subscriber? Find(Sql sql, string id) => sql.First(
        $"""
        SELECT id, kind, address, state, incidents, maintenance, created_at, secret, old_secret, old_secret_until, refusals, disabled_because
        FROM subscriber WHERE id = {id}
        """,
        Read) is { } found ? WithComponents(sql, found) : null;

    public static List<Subscriber> Page(Sql sql, string after, int limit) => sql.List(
        $"""
        SELECT id, kind, address, state, incidents, maintenance, created_at, secret, old_secret, old_secret_until, refusals, disabled_because
        FROM subscriber WHERE id > {after} ORDER BY id LIMIT {limit}
        """,
        Read).ConvertAll(s => WithComponents(sql, s));

    private static Subscriber WithComponents(Sql sql, Subscriber s) => s with
    {
        Components = sql.List($"SELECT component FROM subscriber_component WHERE subscriber = {s.Id} ORDER BY component", row => row.Text(0)),
    };

    private static Subscriber Read(Row row) => new(
        row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Flag(4), row.Flag(5), row.Time(6), row.NullableText(7), row.NullableText(8), row.NullableTime(9),
        row.Int(10), row.NullableText(11));
}

/// <summary>The components and kinds that a subscriber has selected.</summary>
internal sealed record SubscriptionFilter(IReadOnlyList<string> Components, bool Incidents, bool Maintenance);
