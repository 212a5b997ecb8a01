using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    private const string LostReminder = "lost";

    // The shortest that Orleans offers.
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    public Task<DateTimeOffset?> LastSeen() =>
        Task.FromResult<DateTimeOffset?>(IsHome ? time.GetUtcNow() : _record.Exists ? _record.Value.LastSeen : null);

    /// <summary>Wakes this host's grain wherever it can live, so that the sandboxes of a host that is gone for good do not stay open for ever.</summary>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsHome) return;
        if (silos.IsAlive(Id))
        {
            this.MigrateOnIdle();
            return;
        }

        await _record.ReadAsync();
        var grace = TimeSpan.FromSeconds(Options.GraceSeconds);
        if (!_record.Exists || time.GetUtcNow() - _record.Value.LastSeen <= grace || time.GetUtcNow() - silos.LastAlive(Id) <= grace) return;
        LogHostLost(Id, _record.Value.Sandboxes.Count);
        var open = _record.Value.Sandboxes;
        await EachAsync(open.Keys, async id =>
        {
            if (await GrainFactory.GetGrain<ISandboxGrain>(id).DeclareLost()) Instruments.SweepEnded.Add(1, new KeyValuePair<string, object?>("reason", "host"));
        });
        if (await this.GetReminder(LostReminder) is { } reminder) await this.UnregisterReminder(reminder);
    }
}
