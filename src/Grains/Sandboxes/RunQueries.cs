using Podflare.Runs;
using Podflare.Streaming;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>What can be read of runs: one or many of them, their traces, their events.</summary>
internal sealed class RunQueries(CallGuard guard, SandboxRuns runs, IEventLog log, GuestSession guest, SandboxTermination termination, bool isOnOwningHost)
{
    private readonly RunLister _lister = new(runs, log);

    public async Task<RunInfo> GetAsync(TenantId tenant, RunId run)
    {
        await guard.ReadAsync(tenant);
        return await runs.GetAsync(run, isOnOwningHost, termination.Stopping);
    }

    public async Task<RunTraceData> GetTraceAsync(TenantId tenant, RunId run) =>
        await runs.GetTraceAsync(await guard.ReadAsync(tenant), run, isOnOwningHost, guest.Port is { HasRelay: true }, termination.Stopping);

    public Task<IReadOnlyList<RunId>> ListAsync(TenantId tenant) => _lister.ListAsync(guard.Readable(tenant).Id, termination.Stopping);

    public Task<RunPage> ListAsync(TenantId tenant, RunFilter filter, CancellationToken cancellationToken) =>
        _lister.ListAsync(guard.Readable(tenant).Id, filter, isOnOwningHost, cancellationToken);

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
}
