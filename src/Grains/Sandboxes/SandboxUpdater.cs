using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Podflare.Hosts;
using Podflare.Limits;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Changes a sandbox: its end, its idle limit, its metadata. One change at a time; an end waits for the one in progress.</summary>
internal sealed partial class SandboxUpdater(
    SandboxRecords records, CallGuard guard, SandboxTermination termination, SandboxDeadlines deadlines, IGrainFactory grains, SandboxSettings settings, TimeProvider time, ILogger logger)
{
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    /// <inheritdoc cref="CallGuard.CommandAsync" path="/exception"/>
    public async Task<SandboxInfo> UpdateAsync(TenantId tenant, SandboxUpdate update, CancellationToken cancellationToken)
    {
        await guard.CommandAsync(tenant, cancellationToken);
        while (!termination.Updating.IsCompleted) await GrainTask.IgnoreFailure(termination.Updating);
        termination.GuardLiving();
        await (termination.Updating = WriteAsync(update));
        deadlines.Refresh();
        await ReportAsync();
        return records.Info!;
    }

    private async Task WriteAsync(SandboxUpdate update)
    {
        await records.ResolveAsync();
        var record = records.Record;
        var metadata = Merge(record.Metadata, update.Metadata);
        SandboxLimits.Guard(update, metadata, settings.Sandboxes);
        update = TenantMaxima.Reduce(update, settings.Tenants.Find(new TenantId(record.Tenant)));
        await records.WriteAsync(record with
        {
            ExpiresAt = update.Lifetime is { } lifetime ? time.GetUtcNow() + lifetime : record.ExpiresAt,
            IdleLimit = update.IdleLimit ?? record.IdleLimit,
            Metadata = metadata,
        });
    }

    private static ImmutableSortedDictionary<string, string> Merge(ImmutableSortedDictionary<string, string> metadata, ImmutableSortedDictionary<string, string?>? patch)
    {
        foreach (var (key, value) in patch ?? ImmutableSortedDictionary<string, string?>.Empty)
            metadata = value is null ? metadata.Remove(key) : metadata.SetItem(key, value);
        return metadata;
    }

    // The record is written: its host learns it now or with its next sweep.
    private async Task ReportAsync()
    {
        try
        {
            await grains.GetGrain<IHostGrain>(records.Id.Host).Report(records.Info!);
        }
        catch (Exception e)
        {
            LogNotReported(e, records.Id);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The change of sandbox {Sandbox} could not be reported to its host; the next sweep finds it.")]
    private partial void LogNotReported(Exception exception, SandboxId sandbox);
}
