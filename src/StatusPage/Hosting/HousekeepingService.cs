using System.Globalization;
using Microsoft.Extensions.Options;
using Podflare.Configuration;
using Podflare.Storage;
using Podflare.Subscribers;
using Podflare.Uptime;

namespace Podflare.Hosting;

/// <summary>What is done by the clock: rollups, forgetting, the nightly copy.</summary>
internal sealed partial class HousekeepingService(Database database, DataFolder folder, IOptions<StatusOptions> options, TimeProvider time, ILogger<HousekeepingService> logger) : BackgroundService
{
    private const int Copies = 3;
    private const int DeliveryDays = 30;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Step, time);
        do
        {
            try
            {
                await database.WriteAsync(RollUpAndExpire, stoppingToken);
                BackUp();
            }
            catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or IOException)
            {
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void RollUpAndExpire(Sql sql)
    {
        var now = time.GetUtcNow();
        LatencyStore.RollUp(sql, now, options.Value.SampleDays, options.Value.HistoryDays);
        var old = now.AddDays(-DeliveryDays);
        sql.Execute($"DELETE FROM attempt WHERE at < {old}");
        sql.Execute($"DELETE FROM delivery WHERE state <> 'pending' AND done_at < {old}");
        sql.Execute($"DELETE FROM notice WHERE created_at < {old} AND id NOT IN (SELECT notice FROM delivery WHERE notice IS NOT NULL)");
        sql.Execute($"DELETE FROM confirmation WHERE expires_at < {now.AddDays(-1)}");
        sql.Execute($"DELETE FROM repeat WHERE at < {now.AddDays(-1)}");
        // Never confirmed: nobody who asked.
        var unconfirmed = sql.List($"SELECT id FROM subscriber WHERE state = 'pending' AND created_at < {now.AddDays(-2)} LIMIT 100", row => row.Text(0));
        foreach (var id in unconfirmed) Subscriptions.Remove(sql, id);
    }

    private void BackUp()
    {
        var copies = Directory.CreateDirectory(Path.Combine(folder.Path, "copies"));
        var name = time.GetUtcNow().UtcDateTime.ToString("'status-'yyyy-MM-dd'.db'", CultureInfo.InvariantCulture);
        var path = Path.Combine(copies.FullName, name);
        if (File.Exists(path)) return;
        File.Delete(path + ".part");
        database.CopyTo(path + ".part");
        File.Move(path + ".part", path, overwrite: true);
        foreach (var old in copies.GetFiles("status-*.db").OrderByDescending(f => f.Name, StringComparer.Ordinal).Skip(Copies)) old.Delete();
    }

    [LoggerMessage(LogLevel.Error, "HousekeepingService failed and is tried again in a minute: {Message}")]
    private partial void LogFailed(string message);
}
