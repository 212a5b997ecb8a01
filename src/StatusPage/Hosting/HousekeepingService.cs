using System.Globalization;
using Microsoft.Extensions.Options;
using Podflare.Background;
using Podflare.Configuration;
using Podflare.Storage;
using Podflare.Subscribers;
using Podflare.Uptime;

namespace Podflare.Hosting;

/// <summary>Runs once a minute: computes the rollups, deletes what is too old, and makes the daily backup.</summary>
internal sealed class HousekeepingService(Database database, DataFolder folder, IOptions<StatusOptions> options, Supervisor supervisor, TimeProvider time)
    : SupervisedService("housekeeping", supervisor)
{
    private const int Copies = 3;
    private const int DeliveryDays = 30;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(60);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Step, time);
        do
        {
            try
            {
                await database.WriteAsync(RollUpAndExpire, stoppingToken);
                BackUp();
            }
            catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or IOException or UnauthorizedAccessException)
            {
                Supervisor.RecordFailure(TaskName, e);
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
        sql.Execute($"DELETE FROM audit WHERE at < {now.AddDays(-options.Value.HistoryDays)}");
        // Webhooks that never confirmed their challenge.
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
}
