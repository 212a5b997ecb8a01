using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <inheritdoc cref="IProcessExtension"/>
public sealed class ProcessExtension(IGrainContext grain, IEventLog log) : IProcessExtension
{
    private readonly ProcessHistory _history = new(log);

    private IProcessHost Host => grain.GrainInstance as IProcessHost ?? throw new InvalidOperationException($"{grain.GrainId} has no processes.");

    private ISandboxGrain Sandbox => (ISandboxGrain)Host;

    public async Task<RunInfo> Find(TenantId tenant, ProcessSelector process, bool orEnded, CancellationToken cancellationToken) =>
        await Sandbox.GetRun(tenant, await FindAsync(tenant, process, orEnded, cancellationToken));

    public async Task<long> WriteStdin(TenantId tenant, ProcessSelector process, StdinChunk chunk, CancellationToken cancellationToken) =>
        await Sandbox.WriteStdin(tenant, await FindAsync(tenant, process, orEnded: false, cancellationToken), chunk, cancellationToken);

    public async Task Signal(TenantId tenant, ProcessSelector process, string signal, SignalScope scope, CancellationToken cancellationToken) =>
        await Sandbox.Signal(tenant, await FindAsync(tenant, process, orEnded: false, cancellationToken), signal, scope, cancellationToken);

    public async Task Resize(TenantId tenant, ProcessSelector process, TerminalSize size, CancellationToken cancellationToken) =>
        await Sandbox.Resize(tenant, await FindAsync(tenant, process, orEnded: false, cancellationToken), size, cancellationToken);

    private async Task<RunId> FindAsync(TenantId tenant, ProcessSelector process, bool orEnded, CancellationToken cancellationToken)
    {
        await Host.AttachAsync(tenant, cancellationToken);
        return Host.Runs.FindProcess(process)
            ?? (orEnded ? await _history.FindAsync(SandboxId.Parse(grain.GrainId.Key.ToString()!), process, cancellationToken) : null)
            ?? throw new RunNotFoundException();
    }
}
