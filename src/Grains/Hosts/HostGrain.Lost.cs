using Podflare.Sandboxes;

namespace Podflare.Hosts;

public sealed partial class HostGrain
{
    private const string LostReminder = "lost";

    // The shortest that Orleans offers.
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    public Task<DateTimeOffset?> LastSeen() =>
        Task.FromResult<DateTimeOffset?>(IsHome ? time.GetUtcNow() : record.RecordExists ? record.State.LastSeen : null);

    /// <summary>Wakes this host's grain wherever it can live, so that the sandboxes of a host that is gone for good do not stay open for ever.</summary>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsHome) return;
        if (silos.IsAlive(Id))
        {
            DeactivateOnIdle();
            return;
        }

        await record.ReadStateAsync();
        if (!record.RecordExists || time.GetUtcNow() - record.State.LastSeen <= TimeSpan.FromSeconds(Options.GraceSeconds)) return;
        LogHostLost(Id, record.State.Sandboxes.Count);
        var open = record.State.Sandboxes;
        await EachAsync(open.Keys, async id =>
        {
            await GrainFactory.GetGrain<ISandboxGrain>(id).DeclareLost();
        });
        if (await this.GetReminder(LostReminder) is { } reminder) await this.UnregisterReminder(reminder);
    }
}
