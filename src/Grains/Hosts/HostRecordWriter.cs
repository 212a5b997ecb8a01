using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Storage;

namespace Podflare.Hosts;

/// <summary>Keeps the stored record of a host up to date: its sandboxes whenever they change, and from time to time, because the store may have lost them.</summary>
/// <remarks>For its grain's scheduler only.</remarks>
internal sealed partial class HostRecordWriter(
    string host, GrainRecord<HostRecord> record, ContainerLedger ledger, RecentEnds ends, TimeSpan interval, TimeProvider time, ILogger logger)
{
    private bool _changed = true;
    private bool _failing;
    private long _writtenAt;
    private List<TaskCompletionSource> _waiting = [];

    /// <summary>Whether the host accepts new sandboxes.</summary>
    public HostMode Mode { get; private set; }

    /// <summary>Takes over what is stored, after the record was read.</summary>
    public void Restore() => Mode = record.Value.Mode;

    /// <summary>The mode is stored when the task completes, with a write that begins after this call.</summary>
    public Task SetModeAsync(HostMode mode)
    {
        Mode = mode;
        MarkChanged();
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(written);
        return written.Task;
    }

    /// <summary>The sandboxes of this host have changed.</summary>
    public void MarkChanged() => _changed = true;

    /// <summary>Writes the record where it has changed or is old. A failure is tried again at the next call.</summary>
    public async Task WriteIfDueAsync()
    {
        if (!_changed && time.GetElapsedTime(_writtenAt) < interval) return;
        _changed = false;
        var waiting = _waiting;
        _waiting = [];
        try
        {
            await record.WriteAsync(new HostRecord { Sandboxes = Sandboxes(), Mode = Mode });
            (_writtenAt, _failing) = (time.GetTimestamp(), false);
            foreach (var written in waiting) written.TrySetResult();
        }
        catch (InconsistentStateException)
        {
            // Another activation wrote while this one was away, or the store came back with older data. This one is on the host, so it knows better:
            // take that version, write at the next tick. A sandbox that only the store has may have lost its end with it.
            _changed = true;
            _waiting.AddRange(waiting);
            await record.ReadAsync();
            foreach (var sandbox in SandboxPage.ParseIds(record.Value.Sandboxes.Keys).Where(id => !ledger.Contains(id))) ends.Doubt(sandbox);
        }
        catch (Exception e)
        {
            _changed = true;
            _waiting.AddRange(waiting);
            if (!_failing) LogNotWritten(e, host);
            _failing = true;
        }
    }

    // A sandbox that could not be asked yet stays in the record: should the host die, its runs must end.
    private ImmutableDictionary<string, string> Sandboxes() => ledger.All
        .Where(entry => entry.State is ContainerState.Live or ContainerState.Adopting)
        .ToImmutableDictionary(entry => entry.Sandbox.Value, entry => entry.Info?.Tenant.Value ?? "");

    [LoggerMessage(LogLevel.Warning, "The record of host {Host} could not be written; trying again each second.")]
    private partial void LogNotWritten(Exception exception, string host);
}
