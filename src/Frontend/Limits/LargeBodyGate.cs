using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Sandboxes;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Limits;

/// <summary>Limits the large request bodies that are held in memory at the same time. Tenants take turns.</summary>
internal sealed class LargeBodyGate(IGrainFactory grains, ITenantLimits limits, IOptions<HttpOptions> options, TimeProvider time)
{
    // A tenant with limits gets this part of the places, unless it has a limit of its own.
    private const int PartOfTenant = 4;

    private readonly FairGate _gate = new(options.Value.MaxLargeBodies, options.Value.MaxWaitingBodies);

    /// <summary>Waits for a place, if the request can succeed at all: nobody holds a place with a body for a sandbox that does not exist.</summary>
    /// <exception cref="SandboxNotFoundException">The sandbox does not exist, or belongs to another tenant.</exception>
    /// <exception cref="ProblemException">429: too many wait.</exception>
    public async Task<FairGate.Place> EnterAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var tenant = context.Features.Get<Caller>()?.Tenant ?? TenantId.Default;
        if (SandboxId.TryParse(context.Request.RouteValues["id"] as string, null, out var sandbox)) await CheckAsync(tenant, sandbox, cancellationToken);
        var most = limits.Find(tenant) is { } own ? own.LargeBodies ?? Math.Max(1, options.Value.MaxLargeBodies / PartOfTenant) : int.MaxValue;
        if (await _gate.EnterAsync(tenant, most, cancellationToken) is { } place) return place;
        Instruments.LimitRefusals.Add(1, new KeyValuePair<string, object?>("policy", "large_bodies"));
        throw new ProblemException(new Problem(429, "rate_limited", "too many large request bodies are waiting; retry the request") { RetryAfter = 1 });
    }

    private async Task CheckAsync(TenantId tenant, SandboxId sandbox, CancellationToken cancellationToken)
    {
        var info = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(sandbox.Value).Get(tenant), time, cancellationToken);
        if (info.State is SandboxState.Lost) throw new SandboxLostException();
        if (info is { State: SandboxState.Ended, EndReason: { } reason }) throw new SandboxEndedException(reason);
    }
}
