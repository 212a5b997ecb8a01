using System.Globalization;
using Orleans.Runtime;

namespace Podflare.Stores;

/// <summary>The reminders of a cluster, which outlive its silos.</summary>
public sealed class ReminderTable : IReminderTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(GrainId Grain, string Name), ReminderEntry> _rows = [];
    private long _version;

    /// <summary>The grains that have a reminder.</summary>
    public IReadOnlyList<GrainId> Grains
    {
        get { lock (_lock) return [.. _rows.Keys.Select(key => key.Grain)]; }
    }

    public Task<ReminderTableData> ReadRows(GrainId grainId)
    {
        lock (_lock) return Task.FromResult(new ReminderTableData(_rows.Values.Where(row => row.GrainId == grainId).ToArray()));
    }

    public Task<ReminderTableData> ReadRows(uint begin, uint end)
    {
        lock (_lock) return Task.FromResult(new ReminderTableData(_rows.Values.Where(row => IsWithin(row.GrainId.GetUniformHashCode(), begin, end)).ToArray()));
    }

    public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName)
    {
        lock (_lock) return Task.FromResult(_rows.GetValueOrDefault((grainId, reminderName)));
    }

    public Task<string?> UpsertRow(ReminderEntry entry)
    {
        lock (_lock)
        {
            var tag = (++_version).ToString(CultureInfo.InvariantCulture);
            _rows[(entry.GrainId, entry.ReminderName)] = new ReminderEntry
            {
                GrainId = entry.GrainId,
                ReminderName = entry.ReminderName,
                StartAt = entry.StartAt,
                Period = entry.Period,
                ETag = tag,
            };
            return Task.FromResult<string?>(tag);
        }
    }

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
    {
        lock (_lock) return Task.FromResult(_rows.GetValueOrDefault((grainId, reminderName))?.ETag == eTag && _rows.Remove((grainId, reminderName)));
    }

    public Task TestOnlyClearTable()
    {
        lock (_lock) _rows.Clear();
        return Task.CompletedTask;
    }

    // A range of the ring may go over its end.
    private static bool IsWithin(uint hash, uint begin, uint end) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
}
