using System.Security.Cryptography;
using Podflare.Bodies;
using Podflare.Hosting;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Makes a new sandbox within one deadline; with an idempotency key the one sandbox of this key, through whichever frontend it is asked.</summary>
internal sealed class SandboxStarter(IGrainFactory grains, SandboxCreator creator)
{
    public async Task<Creation> StartAsync(TenantId tenant, string? key, SandboxSpec spec, Deadline deadline)
    {
        if (key is not null)
        {
            var once = grains.GetGrain<ICreationGrain>(CreationKey.Of(tenant, key));
            return await Repeat.UntilAsync(token => once.Create(tenant, spec, token), deadline);
        }

        try
        {
            var creation = RandomNumberGenerator.GetHexString(32, lowercase: true);
            return new Creation(await creator.CreateAsync(creation, tenant, spec, claimed: null, deadline.Token).WaitAsync(deadline.Token), Joined: false);
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            throw new NoCapacityException();
        }
    }
}
