using Podflare.Http;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.E2b.Control;

/// <summary>The sandbox that a request of the control plane names.</summary>
internal static class ControlSandbox
{
    /// <summary>The route value with the id, in either form.</summary>
    public const string RouteValue = "box";

    /// <exception cref="SandboxNotFoundException">It is not the id of a sandbox.</exception>
    public static SandboxId Of(HttpContext context)
    {
        var id = PublicSandboxId.Parse(context.Request.RouteValues[RouteValue] as string);
        // Logs and traces name it.
        context.Request.RouteValues["id"] = id.Value;
        return id;
    }

    /// <summary>A sandbox that lives.</summary>
    /// <exception cref="SandboxNotFoundException">It does not, or belongs to another tenant.</exception>
    public static async Task<SandboxInfo> GetAsync(IGrainFactory grains, TenantId tenant, SandboxId id, TimeProvider time, CancellationToken cancellationToken)
    {
        var info = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(id.Value).Get(tenant), time, cancellationToken);
        return info.State is SandboxState.Ready ? info : throw new SandboxNotFoundException();
    }
}
