using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Limits;
using Podflare.Resilience;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Counts creates against the limits of their tenants, before anything is claimed for them.</summary>
public sealed class CreateReservations(IGrainFactory grains, ITenantLimits limits, IOptions<TemplateOptions> templates, TimeProvider time, ILogger<CreateReservations> logger)
{
    private const int MaxAttempts = 8;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private static readonly KeyValuePair<string, object?> Sandboxes = new("policy", "sandboxes");
    private static readonly KeyValuePair<string, object?> Memory = new("policy", "memory");

    /// <summary>Creates a sandbox for which the tenant has room.</summary>
    /// <param name="create">Gets the spec within the tenant's limits.</param>
    /// <exception cref="SandboxQuotaExceededException">The tenant has as many sandboxes, or as much memory in them, as it may.</exception>
    public async Task<SandboxInfo> CreateAsync(
        string creation, TenantId tenant, SandboxSpec spec, Func<SandboxSpec, Task<SandboxInfo>> create, CancellationToken cancellationToken)
    {
        // A server without tenants limits nothing, and nothing is counted.
        if (limits.Find(tenant) is not { } most) return await create(spec);
        var counter = grains.GetGrain<ITenantGrain>(tenant.Value);
        await ReserveAsync(counter, creation, MemoryOf(spec), cancellationToken);
        SandboxInfo made;
        try
        {
            made = await create(TenantMaxima.Reduce(spec, most) with { Creation = creation });
        }
        catch (Exception e) when (e is NoCapacityException or TemplateNotFoundException or ContainerStartException)
        {
            // No host has begun anything. What another failure has left is counted until its hosts report that it is gone.
            Background.Run(logger, "return of a reservation", counter.Settle(creation, sandbox: null));
            throw;
        }

        Background.Run(logger, "report of a create", counter.Settle(creation, made.Id));
        return made;
    }

    private async Task ReserveAsync(ITenantGrain counter, string creation, long memoryMib, CancellationToken cancellationToken)
    {
        var pause = new Backoff(FirstPause, LongestPause, time);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await counter.Reserve(creation, memoryMib).WaitAsync(cancellationToken);
                return;
            }
            catch (SandboxQuotaExceededException e)
            {
                Instruments.LimitRefusals.Add(1, e.Quota is SandboxQuota.Memory ? Memory : Sandboxes);
                throw;
            }
            catch (Exception e) when (attempt < MaxAttempts && Transient.IsTransient(e))
            {
                // A repeat counts once. The grain has moved, or its silo is gone.
                await pause.WaitAsync(cancellationToken);
            }
        }
    }

    // Where only the hosts know the template, they report its memory.
    private long MemoryOf(SandboxSpec spec) =>
        templates.Value.TryGetValue(spec.Template, out var template) ? template.ToContainer(default, spec).MemoryBytes >> 20 : spec.RamMib ?? 0;
}
