using Microsoft.Extensions.Logging.Abstractions;
using Podflare.Status.Services;
using Podflare.Storage;
using Podflare.Uptime;

namespace Podflare.Status.Uptime;

public sealed class LatencyStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 30, 0, TimeSpan.Zero);

    private Database _database = null!;

    public ValueTask InitializeAsync()
    {
        _database = new Database(Path.Combine(TestRun.Folder, "latency-" + Guid.NewGuid().ToString("N")[..8]), NullLogger<Database>.Instance);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task The_hours_of_a_database_that_has_none_are_made_from_its_raw_latencies_and_only_once()
    {
        // As the version before hours left it: it has rolled up everything until a moment ago.
        await WriteAsync(sql =>
        {
            for (var hour = 1; hour <= 48; hour++)
            {
                var at = Now.AddHours(-hour);
                sql.Execute($"INSERT INTO latency (series, at, ms) VALUES ('create', {at}, {hour}), ('create', {at.AddMinutes(1)}, {hour + 100})");
            }

            sql.Execute($"INSERT INTO meta (name, value) VALUES ('rolled_up', {Now.AddMinutes(-1).ToUnixTimeMilliseconds()})");
        });

        await WriteAsync(sql => LatencyStore.RollUp(sql, Now, sampleDays: 7, historyDays: 90));
        var hours = Points("hour");
        Assert.Equal(48, hours.Count);
        Assert.All(hours, point => Assert.Equal((2, 100), (point.Count, point.P95 - point.P50)));
        Assert.Equal(Enumerable.Range(1, 48).Reverse().Select(hour => (double)hour), hours.Select(point => point.P50));
        // What an earlier version has rolled up is left as it is.
        Assert.Empty(Points("short"));

        // The raw latencies of the hours are gone a week later; the hours stay.
        await WriteAsync(sql => LatencyStore.RollUp(sql, Now.AddDays(10), sampleDays: 7, historyDays: 90));
        Assert.Equal(hours, Points("hour"));
    }

    private List<LatencyPoint> Points(string step) => _database.Read(sql => LatencyStore.Points(sql, "create", step, Now.AddDays(-90)));

    private Task<int> WriteAsync(Action<Sql> write) => _database.WriteAsync(
        sql =>
        {
            write(sql);
            return 0;
        },
        TestContext.Current.CancellationToken);
}
