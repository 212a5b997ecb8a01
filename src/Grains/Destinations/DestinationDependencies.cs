using Microsoft.Extensions.Options;
using Podflare.Audit;
using Podflare.Hosts;
using Podflare.Secrets;

namespace Podflare.Destinations;

/// <summary>What the destinations of a process have in common.</summary>
public sealed class DestinationDependencies
{
    internal DestinationDependencies(SecretBox secrets, AuditReporter audit, HostSilos silos, OtlpRequestsOfTenants requests, IOptions<DestinationOptions> options) =>
        (Secrets, Audit, Silos, Requests, Options) = (secrets, audit, silos, requests, options.Value);

    internal SecretBox Secrets { get; }

    internal AuditReporter Audit { get; }

    internal HostSilos Silos { get; }

    internal OtlpRequestsOfTenants Requests { get; }

    internal DestinationOptions Options { get; }
}
