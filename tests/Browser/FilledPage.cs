using System.Globalization;
using Microsoft.Data.Sqlite;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>A status page with months of history, an open incident, a completed and an upcoming maintenance, and a subscriber, for tests that only read.</summary>
public sealed class FilledPage : IAsyncLifetime
{
    private static readonly string[] OnApi = ["api"];

    private readonly StatusService _status = new(new Dictionary<string, string>
    {
        ["Status__Probes__Platform"] = $"http://127.0.0.1:{Ports.Free()}",
        ["Status__Mail__Host"] = "127.0.0.1",
        ["Status__Mail__Port"] = $"{Ports.Free()}",
    });

    internal StatusService Status => _status;

    public string Incident { get; private set; } = "";

    /// <summary>The path of the page on which the subscriber manages the subscription.</summary>
    public string Manage { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
        Fill();
        var incident = await _status.ActAsync("/admin/api/incidents", new
        {
            title = "Slow creation of sandboxes",
            body = "Creates take longer than usual.\n\nThe cause is known, see https://example.com/a?b=1.",
            status = "identified",
            components = new Dictionary<string, string> { ["sandboxes"] = "degraded_performance" },
        });
        var past = await _status.ActAsync("/admin/api/incidents", new
        {
            title = "Runs failed on one host",
            body = "Some runs fail at their start.",
            impact = "major",
            started_at = TimeProvider.System.GetUtcNow().AddHours(-30),
            notify = false,
        });
        await _status.ActAsync($"/admin/api/incidents/{past["id"]!.GetValue<string>()}/updates", new
        {
            body = "The host was taken out. All is well again.",
            status = "resolved",
            display_at = TimeProvider.System.GetUtcNow().AddHours(-28.4),
            notify = false,
        });
        Incident = incident["id"]!.GetValue<string>();
        var now = TimeProvider.System.GetUtcNow();
        var early = await _status.ActAsync("/admin/api/maintenances", new
        {
            title = "Kernel update of the hosts",
            body = "Planned for two hours.",
            components = OnApi,
            scheduled_for = TimeProvider.System.GetUtcNow().AddHours(1),
            scheduled_until = TimeProvider.System.GetUtcNow().AddHours(3),
            notify = false,
        });
        await _status.ActAsync($"/admin/api/maintenances/{early["id"]!.GetValue<string>()}/start", new { });
        await _status.ActAsync($"/admin/api/maintenances/{early["id"]!.GetValue<string>()}/complete", new { });
        await _status.ActAsync("/admin/api/maintenances", new
        {
            title = "Upgrade of a database",
            body = "Short pauses are possible.",
            components = OnApi,
            scheduled_for = now.AddDays(2),
            scheduled_until = now.AddDays(2).AddHours(1),
        });
        using var added = await _status.PostFormAsync("/subscribe/webhook", ("url", "https://hooks.example.com/a"), ("kind", "incidents"));
        var text = await added.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Manage = new Uri(System.Net.WebUtility.HtmlDecode(text.Split("id=\"manage\" href=\"")[1].Split('"')[0])).PathAndQuery;
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    private void Fill()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_status.Folder, "status.db")};Pooling=False;Default Timeout=10");
        connection.Open();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        const long day = 86_400_000;
        var random = new Random(7);
        foreach (var component in new[] { "api", "sandboxes", "code-execution", "event-streaming" })
        {
            Run($"INSERT INTO interval (component, layer, status, start, finish) VALUES ('{component}', 'probe', 'Operational', {now - (70 * day)}, {now - 5000})");
            foreach (var (status, layer) in new[] { ("MajorOutage", "hand"), ("PartialOutage", "hand"), ("DegradedPerformance", "hand"), ("UnderMaintenance", "maintenance") })
            {
                var from = now - (random.NextInt64(2, 60) * day);
                Run($"INSERT INTO interval (component, layer, status, start, finish) VALUES ('{component}', '{layer}', '{status}', {from}, {from + random.NextInt64(60_000, 7_000_000)})");
            }
        }

        foreach (var (series, size) in new[] { ("create", 220), ("first_event", 30), ("run", 90) })
        {
            for (var i = 0; i < 288; i++)
            {
                if (i is > 100 and < 120) continue;
                var p50 = size * (0.8 + (random.NextDouble() * 0.4));
                Run(string.Create(CultureInfo.InvariantCulture, $"INSERT OR REPLACE INTO rollup VALUES ('short', '{series}', {(now / 300_000 * 300_000) - (i * 300_000L)}, 10, {p50}, {p50 * (1.2 + random.NextDouble())})"));
                if (i < 60) Run(string.Create(CultureInfo.InvariantCulture, $"INSERT OR REPLACE INTO rollup VALUES ('long', '{series}', {(now / day * day) - (i * day)}, 2880, {p50}, {p50 * (1.2 + random.NextDouble())})"));
            }
        }

        void Run(string statement)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
            command.CommandText = statement;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }
}
