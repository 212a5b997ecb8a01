using Orleans.Runtime;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Health;

/// <summary>Whether a balancer should send requests here. Storage is not asked: all frontends would leave the balancer at once.</summary>
internal sealed class Readiness(OpenStreams streams, HostDirectory hosts, IClusterMembershipService membership, ILocalSiloDetails silo)
{
    /// <returns>Why not; null when ready.</returns>
    public Problem? FindProblem()
    {
        if (streams.IsDraining) return NotReady("shutting_down", "shutting down");
        if (membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) != SiloStatus.Active) return NotReady("sandbox_unreachable", "not in the cluster yet");
        return hosts.AnyAnswers ? null : NotReady("no_capacity", "no worker answers");
    }

    private static Problem NotReady(string code, string error) => new(503, code, error) { RetryAfter = 1 };
}
