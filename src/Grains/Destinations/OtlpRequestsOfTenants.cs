using Microsoft.Extensions.Options;
using Podflare.Webhooks;

namespace Podflare.Destinations;

/// <summary>The requests to tenants' destinations, and which addresses those may have.</summary>
internal sealed class OtlpRequestsOfTenants : IDisposable
{
    public OtlpRequestsOfTenants(IOptions<DestinationOptions> options, TimeProvider time)
    {
        Guard = options.Value.ToGuard();
        Requests = new OtlpRequests(TimeSpan.FromSeconds(options.Value.TimeoutSeconds), time, Guard);
    }

    public AddressGuard Guard { get; }

    public OtlpRequests Requests { get; }

    public void Dispose() => Requests.Dispose();
}
