using Orleans.Runtime;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Health;

/// <summary>Whether a load balancer should send requests to this process. Storage is not checked: when it fails, no other frontend would be better.</summary>
internal sealed class Readiness(OpenStreams streams, HostDirectory hosts, TenantDirectory tenants, IClusterMembershipService membership, ILocalSiloDetails silo)
{
    /// <returns>Why the process is not ready; null when it is.</returns>
    public Problem? FindProblem()
    {
        if (streams.IsStopping) return NotReady("shutting_down", "the server is shutting down");
        if (membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) != SiloStatus.Active) return NotReady("sandbox_unreachable", "the server has not joined the cluster yet");
        if (!hosts.AnyAnswers) return NotReady("no_capacity", "no worker answers; sandboxes cannot be created or reached");
        if (!hosts.HasSeenStartedHost) return NotReady("no_capacity", "no worker has finished its start; sandboxes cannot be created yet");
        return tenants.Loaded.IsCompleted ? null : NotReady("storage_unavailable", "the server has not read the tenants and their keys yet");
    }

    private static Problem NotReady(string code, string error) => new(503, code, error) { RetryAfter = 1 };
}
