using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Telemetry;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Limits the file transfers of this process, and of each tenant on it. Each holds two chunks in memory.</summary>
internal sealed class TransferLimiter(IOptions<HttpOptions> options, ITenantLimits limits)
{
    private readonly FairGate _gate = new(options.Value.MaxFileTransfers, maxWaiting: 0);

    /// <exception cref="ProblemException">429: the limit of the tenant or of the process is reached.</exception>
    public FairGate.Place Enter(TenantId tenant)
    {
        if (_gate.TryEnter(tenant, limits.Find(tenant)?.Transfers ?? int.MaxValue) is { } place) return place;
        var problem = new Problem(429, "rate_limited", "the server has too many file transfers in progress; retry the request") { RetryAfter = 1 };
        if (limits.Find(tenant) is not { Transfers: var most } || _gate.TakenBy(tenant) < most) throw new ProblemException(problem);
        Instruments.LimitRefusals.Add(1, new KeyValuePair<string, object?>("policy", "transfers"));
        throw new ProblemException(problem with { Error = $"the tenant has {most} file transfers in progress, which is its limit; retry the request", ViolatedPolicies = ["transfers"] });
    }
}
