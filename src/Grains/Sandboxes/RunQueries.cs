using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>What can be read of runs: one or many of them, their traces, their events.</summary>
internal sealed class RunQueries(CallGuard guard, SandboxRuns runs, IEventLog log, GuestSession guest, SandboxTermination termination, bool isOnOwningHost, TimeProvider time)
{
    // A guest that does not come back in this time must not keep callers from what is known without it.
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(1);

    private readonly RunLister _lister = new(runs, log);

    public async Task<RunInfo> GetAsync(TenantId tenant, RunId run)
    {
        await guard.ReadAsync(tenant);
        await WaitForReportAsync(termination.Stopping);
        return await runs.GetAsync(run, isOnOwningHost, termination.Stopping);
    }

    public async Task<RunTraceData> GetTraceAsync(TenantId tenant, RunId run) =>
        await runs.GetTraceAsync(await guard.ReadAsync(tenant), run, isOnOwningHost, guest.Port is { HasRelay: true }, termination.Stopping);

    public Task<IReadOnlyList<RunId>> ListAsync(TenantId tenant) => _lister.ListAsync(guard.Readable(tenant).Id, termination.Stopping);

    public async Task<RunPage> ListAsync(TenantId tenant, RunFilter filter, CancellationToken cancellationToken)
    {
        var sandbox = guard.Readable(tenant).Id;
        await WaitForReportAsync(cancellationToken);
        return await _lister.ListAsync(sandbox, filter, isOnOwningHost, cancellationToken);
    }

    public Task<EventBatch?> ReadEventsAsync(TenantId tenant, RunId run, long afterSeq, CancellationToken cancellationToken)
    {
        guard.Readable(tenant);
        return runs.ReadAsync(run, afterSeq, isOnOwningHost, cancellationToken);
    }

    /// <inheritdoc cref="SandboxRuns.OpenAsync"/>
    public async Task<RunEvents> OpenEventsAsync(TenantId tenant, RunId run, bool expectStart, CancellationToken cancellationToken)
    {
        guard.Readable(tenant);
        return await runs.OpenAsync(run, expectStart, cancellationToken);
    }

    /// <summary>Where the sandbox has just moved here, the guest alone knows the processes of its open runs.</summary>
    private async ValueTask WaitForReportAsync(CancellationToken cancellationToken)
    {
        if (!termination.Adopting.IsCompleted) await GrainTask.IgnoreFailure(termination.Adopting.WaitAsync(ReportLimit, time, cancellationToken));
        if (guest.Port is not null) await guest.WaitUntilReportedAsync(ReportLimit, cancellationToken);
    }
}
