using Podflare.Http;
using Podflare.Resilience;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.E2b;

/// <summary>Interrupts runs whose client has left: nobody else can read them.</summary>
internal sealed class AbandonedRuns(IGrainFactory grains, TimeProvider time, ILogger<AbandonedRuns> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Begins to interrupt a run, and does not wait for it.</summary>
    public void Interrupt(TenantId tenant, SandboxId id, RunId run) => Background.Run(logger, "abandoned run", InterruptAsync(tenant, id, run));

    private async Task InterruptAsync(TenantId tenant, SandboxId id, RunId run)
    {
        using var limit = new TimeLimit(Limit, time);
        try
        {
            await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Interrupt(tenant, run, limit.Token), time, limit.Token);
        }
        catch (Exception e) when (e is RunNotFoundException or SandboxNotFoundException or SandboxEndedException or SandboxLostException)
        {
            // There is nothing left to interrupt.
        }
    }
}
