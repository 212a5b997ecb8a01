using Microsoft.Data.Sqlite;

namespace Podflare.Storage;

/// <summary>The tables, by version. A published version is never edited; changes are appended as the next version.</summary>
internal static class Schema
{
    private static readonly string[] Versions =
    [
        """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE component (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, position INTEGER NOT NULL, is_group INTEGER NOT NULL DEFAULT 0,
            group_id TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, quiet_until INTEGER) WITHOUT ROWID;
        CREATE TABLE target (component TEXT NOT NULL, target TEXT NOT NULL, health TEXT NOT NULL, PRIMARY KEY (component, target)) WITHOUT ROWID;
        CREATE TABLE sample (
            at INTEGER NOT NULL, component TEXT NOT NULL, target TEXT NOT NULL, outcome TEXT NOT NULL, cause TEXT, ms REAL);
        CREATE INDEX sample_at ON sample (at);
        CREATE TABLE latency (at INTEGER NOT NULL, series TEXT NOT NULL, ms REAL NOT NULL);
        CREATE INDEX latency_series ON latency (series, at);
        CREATE TABLE rollup (
            step TEXT NOT NULL, series TEXT NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL, p50 REAL NOT NULL, p95 REAL NOT NULL,
            PRIMARY KEY (step, series, at)) WITHOUT ROWID;
        CREATE TABLE interval (
            id INTEGER PRIMARY KEY, component TEXT NOT NULL, layer TEXT NOT NULL, status TEXT NOT NULL, start INTEGER NOT NULL, finish INTEGER,
            cause TEXT, incident TEXT);
        CREATE INDEX interval_component ON interval (component, layer, start);
        CREATE TABLE incident (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, stage TEXT NOT NULL, impact TEXT NOT NULL, impact_fixed INTEGER NOT NULL,
            origin TEXT NOT NULL, by_human INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
            monitoring_at INTEGER, resolved_at INTEGER, clean_since INTEGER, noticed_at INTEGER, scheduled_for INTEGER, scheduled_until INTEGER,
            reminded_at INTEGER) WITHOUT ROWID;
        CREATE INDEX incident_started ON incident (kind, started_at);
        CREATE TABLE incident_component (
            incident TEXT NOT NULL, component TEXT NOT NULL, seen TEXT NOT NULL, PRIMARY KEY (incident, component)) WITHOUT ROWID;
        CREATE TABLE incident_update (
            id TEXT PRIMARY KEY, incident TEXT NOT NULL, stage TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL,
            display_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, affected TEXT NOT NULL, deliver INTEGER NOT NULL, private INTEGER NOT NULL,
            author TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX incident_update_incident ON incident_update (incident, display_at);
        CREATE TABLE incident_update_edit (
            update_id TEXT NOT NULL, edited_at INTEGER NOT NULL, body TEXT NOT NULL, display_at INTEGER NOT NULL, affected TEXT NOT NULL);
        CREATE TABLE subscriber (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL, incidents INTEGER NOT NULL, maintenance INTEGER NOT NULL,
            created_at INTEGER NOT NULL, secret TEXT, old_secret TEXT, old_secret_until INTEGER, refusals INTEGER NOT NULL DEFAULT 0,
            disabled_because TEXT) WITHOUT ROWID;
        CREATE UNIQUE INDEX subscriber_mail ON subscriber (address) WHERE kind = 'email';
        CREATE TABLE subscriber_component (
            subscriber TEXT NOT NULL, component TEXT NOT NULL, PRIMARY KEY (subscriber, component)) WITHOUT ROWID;
        CREATE TABLE confirmation (
            hash TEXT PRIMARY KEY, address TEXT NOT NULL, components TEXT NOT NULL, incidents INTEGER NOT NULL, maintenance INTEGER NOT NULL,
            created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER) WITHOUT ROWID;
        CREATE INDEX confirmation_address ON confirmation (address, created_at);
        CREATE TABLE notice (
            id TEXT PRIMARY KEY, type TEXT NOT NULL, incident TEXT, subject TEXT NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL,
            created_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE delivery (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, subscriber TEXT, notice TEXT, address TEXT, body TEXT, state TEXT NOT NULL,
            attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, created_at INTEGER NOT NULL, done_at INTEGER) WITHOUT ROWID;
        CREATE UNIQUE INDEX delivery_once ON delivery (subscriber, notice);
        CREATE INDEX delivery_due ON delivery (state, kind, next_at);
        CREATE TABLE attempt (
            delivery TEXT NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL, detail TEXT, ms REAL NOT NULL);
        CREATE INDEX attempt_delivery ON attempt (delivery, at);
        CREATE TABLE audit (at INTEGER NOT NULL, caller TEXT NOT NULL, act TEXT NOT NULL, subject TEXT, detail TEXT);
        CREATE TABLE repeat (key TEXT PRIMARY KEY, hash TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL) WITHOUT ROWID;
        """,
    ];

    /// <summary>Migrates a file to the newest version, each step in its own transaction.</summary>
    /// <exception cref="InvalidDataException">The file was written by a newer program.</exception>
    public static void Apply(SqliteConnection connection)
    {
        using var pragma = connection.CreateCommand();
        pragma.CommandText = "PRAGMA user_version";
        var version = Convert.ToInt32(pragma.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        if (version > Versions.Length) throw new InvalidDataException($"The status database has version {version}, but this program supports versions up to {Versions.Length}. Use a newer program.");
        for (; version < Versions.Length; version++)
        {
            using var transaction = connection.BeginTransaction();
            using var step = connection.CreateCommand();
            step.Transaction = transaction;
#pragma warning disable CA2100 // Constant text.
            step.CommandText = $"{Versions[version]}; PRAGMA user_version = {version + 1}";
#pragma warning restore CA2100
            step.ExecuteNonQuery();
            transaction.Commit();
        }
    }
}
