using System.Collections.Immutable;
using Orleans.Concurrency;
using Orleans.Runtime;
using Podflare.Runs;
using Podflare.Tenants;

namespace Podflare.Contexts;

/// <summary>
/// The contexts of a sandbox, on every sandbox grain. The guest alone holds them: they end with the container, and nothing of them is stored.
/// </summary>
/// <remarks>
/// All throw <see cref="NotOfferedException"/> where the guest is too old, <see cref="SandboxUnreachableException"/> where it does not answer for
/// now, and <see cref="ContextNotFoundException"/> where there is no context with that id. All but <see cref="Restart"/> may safely be repeated.
/// </remarks>
[Alias("podflare.IContextExtension")]
public interface IContextExtension : IGrainExtension
{
    /// <summary>Creates a context, or finds the equal one that exists.</summary>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    /// <exception cref="ContextExistsException">Another context has this id.</exception>
    /// <exception cref="ContextQuotaExceededException">There are too many.</exception>
    [AlwaysInterleave, Alias("Create")]
    Task<ContextCreation> Create(TenantId tenant, ContextSpec spec, CancellationToken cancellationToken = default);

    [AlwaysInterleave, Alias("List")]
    Task<ImmutableArray<ContextInfo>> List(TenantId tenant, CancellationToken cancellationToken = default);

    [AlwaysInterleave, Alias("Get")]
    Task<ContextInfo> Get(TenantId tenant, ContextId id, CancellationToken cancellationToken = default);

    /// <summary>Deletes a context; its open runs end with 137 <c>killed</c>.</summary>
    /// <exception cref="ContextRequiredException">It is <see cref="ContextId.Default"/>.</exception>
    [AlwaysInterleave, Alias("Delete")]
    Task Delete(TenantId tenant, ContextId id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces the interpreter; returns when the new one answers. The current run ends with 137 <c>killed</c>, those that wait with 130 <c>interrupted</c>.
    /// </summary>
    [AlwaysInterleave, Alias("Restart")]
    Task<ContextInfo> Restart(TenantId tenant, ContextId id, CancellationToken cancellationToken = default);

    /// <summary>Interrupts what the context executes.</summary>
    /// <param name="queued">Ends the runs that wait for it, too.</param>
    /// <param name="grace">Time between the interrupt and the kill, 0 to 300 s; null for the server's default.</param>
    /// <returns>The runs that were interrupted.</returns>
    [AlwaysInterleave, Alias("Interrupt")]
    Task<ImmutableArray<RunId>> Interrupt(TenantId tenant, ContextId id, bool queued, TimeSpan? grace = null, CancellationToken cancellationToken = default);
}
