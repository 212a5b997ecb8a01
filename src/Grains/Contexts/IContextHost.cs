using Podflare.Guests;
using Podflare.Tenants;

namespace Podflare.Contexts;

/// <summary>Where the context extension finds the guest of its sandbox: the sandbox grain.</summary>
public interface IContextHost
{
    /// <summary>Sends a request about contexts to the guest.</summary>
    /// <exception cref="SandboxNotFoundException">Not a sandbox of this tenant.</exception>
    /// <exception cref="SandboxEndedException">It has ended, or is about to.</exception>
    /// <exception cref="SandboxUnreachableException">Its guest cannot be reached from this silo at the moment.</exception>
    /// <exception cref="NotOfferedException">Its guest knows no contexts.</exception>
    /// <exception cref="InvalidRequestException">A field is beyond its limit.</exception>
    Task<GuestTaken> SendAsync(TenantId tenant, GuestContextRequest request, CancellationToken cancellationToken);
}
