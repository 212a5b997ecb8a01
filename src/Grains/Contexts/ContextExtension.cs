using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Podflare.Guests;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Contexts;

/// <inheritdoc cref="IContextExtension"/>
public sealed class ContextExtension(IGrainContext grain, IOptions<RunOptions> options, TimeProvider time) : IContextExtension
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    private IContextHost Host => grain.GrainInstance as IContextHost ?? throw new InvalidOperationException($"{grain.GrainId} has no contexts.");

    public async Task<ContextCreation> Create(TenantId tenant, ContextSpec spec, CancellationToken cancellationToken)
    {
        await GuardQuotaAsync(tenant, spec, cancellationToken);
        var taken = await Host.SendAsync(tenant, new GuestContextRequest(ContextAction.Create, spec.Id) { Spec = spec }, cancellationToken);
        return new ContextCreation(One(taken), taken.Created);
    }

    public async Task<ImmutableArray<ContextInfo>> List(TenantId tenant, CancellationToken cancellationToken) =>
        (await Host.SendAsync(tenant, new GuestContextRequest(ContextAction.List, null), cancellationToken)).Contexts;

    public async Task<ContextInfo> Get(TenantId tenant, ContextId id, CancellationToken cancellationToken) =>
        (await List(tenant, cancellationToken)).FirstOrDefault(context => context.Id == id) ?? throw new ContextNotFoundException(id.Value);

    public Task Delete(TenantId tenant, ContextId id, CancellationToken cancellationToken) =>
        Host.SendAsync(tenant, new GuestContextRequest(ContextAction.Delete, id), cancellationToken);

    public async Task<ContextInfo> Restart(TenantId tenant, ContextId id, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(StartLimit, time, cancellationToken);
        var context = One(await Host.SendAsync(tenant, new GuestContextRequest(ContextAction.Restart, id), cancellationToken));
        var pause = new Backoff(FirstPause, LongestPause, time);
        while (context.State is ContextState.Starting)
        {
            if (limit.Remaining == TimeSpan.Zero) throw new SandboxUnreachableException();
            await pause.WaitAsync(cancellationToken);
            context = await Get(tenant, id, cancellationToken);
        }

        return context;
    }

    public async Task<ImmutableArray<RunId>> Interrupt(TenantId tenant, ContextId id, bool queued, TimeSpan? grace, CancellationToken cancellationToken) =>
        (await Host.SendAsync(tenant, new GuestContextRequest(ContextAction.Interrupt, id) { Queued = queued, Grace = grace }, cancellationToken)).Runs;

    // The guest has the limit that it was built with; an operator may set a lower one.
    private async Task GuardQuotaAsync(TenantId tenant, ContextSpec spec, CancellationToken cancellationToken)
    {
        var limit = options.Value.MaxContexts;
        if (limit >= RunOptions.MostContexts) return;
        var contexts = await List(tenant, cancellationToken);
        if (contexts.Length >= limit && !contexts.Any(context => context.Id == spec.Id)) throw new ContextQuotaExceededException(limit);
    }

    private static ContextInfo One(GuestTaken taken) => taken.Contexts is [var context] ? context : throw new SandboxUnreachableException();
}
