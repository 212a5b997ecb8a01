using System.Collections.Concurrent;
using System.Collections.Immutable;
using Podflare.Contexts;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Scripted;

/// <summary>Contexts of a scripted sandbox. Those of the same id and folder count as equal.</summary>
public sealed class ScriptedContexts(World world, IGrainContext grain) : IContextExtension
{
    private const int Max = 3;

    public Task<ContextCreation> Create(TenantId tenant, ContextSpec spec, CancellationToken cancellationToken)
    {
        var contexts = Contexts(tenant);
        var id = spec.Id ?? new ContextId($"c{contexts.Count}");
        var info = Idle(id, spec.Cwd) with { Language = spec.Language };
        if (contexts.TryGetValue(id.Value, out var known)) return known == info ? Task.FromResult(new ContextCreation(known, false)) : throw new ContextExistsException(id.Value);
        if (contexts.Count >= Max) throw new ContextQuotaExceededException(Max);
        contexts[id.Value] = info;
        return Task.FromResult(new ContextCreation(info, true));
    }

    public Task<ImmutableArray<ContextInfo>> List(TenantId tenant, CancellationToken cancellationToken) =>
        Task.FromResult(Contexts(tenant).Values.OrderBy(context => context.Id.Value, StringComparer.Ordinal).ToImmutableArray());

    public Task<ContextInfo> Get(TenantId tenant, ContextId id, CancellationToken cancellationToken) => Task.FromResult(Find(tenant, id));

    public Task Delete(TenantId tenant, ContextId id, CancellationToken cancellationToken)
    {
        if (id == ContextId.Default) throw new ContextRequiredException();
        Find(tenant, id);
        Contexts(tenant).TryRemove(id.Value, out _);
        return Task.CompletedTask;
    }

    public Task<ContextInfo> Restart(TenantId tenant, ContextId id, CancellationToken cancellationToken)
    {
        var restarted = Find(tenant, id) with { ExecutionCount = 0 };
        return Task.FromResult(Contexts(tenant)[id.Value] = restarted);
    }

    public Task<ImmutableArray<RunId>> Interrupt(TenantId tenant, ContextId id, bool queued, TimeSpan? grace, CancellationToken cancellationToken)
    {
        Find(tenant, id);
        ScriptedRun[] open = [.. State(tenant).Runs.Where(run => !run.Ended && (run.Request.Context ?? "python") == id.Value)];
        ScriptedRun[] reached = queued ? open : [.. open.Take(1)];
        foreach (var run in reached) run.Controls.Enqueue($"interrupt {grace}");
        return Task.FromResult(reached.Select(run => run.Id).ToImmutableArray());
    }

    public static ContextInfo Idle(ContextId id, string? cwd) => new(id, RunLanguage.Python, cwd ?? "/root", ContextState.Idle, null, 0, 0);

    private ContextInfo Find(TenantId tenant, ContextId id) => Contexts(tenant).TryGetValue(id.Value, out var context) ? context : throw new ContextNotFoundException(id.Value);

    private ConcurrentDictionary<string, ContextInfo> Contexts(TenantId tenant) => State(tenant).Contexts;

    private ScriptedSandboxState State(TenantId tenant) =>
        world.Sandboxes.TryGetValue(grain.GrainId.Key.ToString()!, out var state) && state.Info.Tenant == tenant ? state : throw new SandboxNotFoundException();
}
