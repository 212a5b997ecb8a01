using System.Security.Cryptography;
using Podflare.Http;
using Podflare.Resilience;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Creates a sandbox within a deadline. Requests with the same idempotency key get the same sandbox, whichever frontend they reach.</summary>
internal sealed class IdempotentSandboxCreator(IGrainFactory grains, SandboxCreator creator)
{
    public async Task<Creation> CreateAsync(TenantId tenant, string? key, SandboxSpec spec, TimeLimit deadline)
    {
        if (key is not null)
        {
            var once = grains.GetGrain<ICreationGrain>(CreationKey.Of(tenant, key));
            return await GrainCallRetry.RetryUntilAsync(token => once.Create(tenant, spec, token), deadline);
        }

        try
        {
            var creation = RandomNumberGenerator.GetHexString(32, lowercase: true);
            return new Creation(await creator.CreateAsync(creation, tenant, spec, claimed: null, deadline.Token).WaitAsync(deadline.Token), Joined: false);
        }
        catch (OperationCanceledException) when (deadline.IsExceeded)
        {
            throw new NoCapacityException();
        }
    }
}
