using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Podflare.Bodies;
using Podflare.Hosting;
using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Finds a host for a new sandbox and makes it there, all within one deadline.</summary>
internal sealed class SandboxCreator(IGrainFactory grains, HostDirectory hosts, IOptions<CreateOptions> options)
{
    // A lease that is gone is a host that restarted: worth another claim there, but not for ever.
    private const int MaxClaims = 6;

    /// <summary>With a key: the one sandbox of this key, through whichever frontend it is asked.</summary>
    public Task<Creation> CreateAsync(TenantId tenant, string key, SandboxSpec spec, Deadline deadline) =>
        Repeat.UntilAsync(token => grains.GetGrain<ICreationGrain>(IdempotencyKey.ToCreation(tenant, key)).Create(tenant, spec, token), deadline);

    public async Task<Creation> CreateAsync(TenantId tenant, SandboxSpec spec, Deadline deadline)
    {
        var creation = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var candidates = hosts.Candidates(options.Value.MaxHosts);
        Exception refusal = new NoCapacityException();
        for (var (claims, at) = (0, 0); at < candidates.Count && claims < MaxClaims; claims++)
        {
            var wait = TimeSpan.FromSeconds(at == candidates.Count - 1 ? options.Value.WaitSeconds : 0);
            try
            {
                var id = await ClaimAsync(candidates[at], spec, wait, deadline);
                return new Creation(await Repeat.UntilAsync(token => grains.GetGrain<ISandboxGrain>(id.Value).Create(creation, tenant, spec, token), deadline), Joined: false);
            }
            catch (Exception e) when (e is LeaseGoneException or SandboxTakenException)
            {
                refusal = e;
            }
            catch (Exception e) when (e is NoCapacityException or ContainerStartException or ShuttingDownException || Repeat.IsLostCall(e))
            {
                refusal = e;
                at++;
            }
        }

        throw refusal;
    }

    private async Task<SandboxId> ClaimAsync(string host, SandboxSpec spec, TimeSpan wait, Deadline deadline)
    {
        try
        {
            return await grains.GetGrain<IHostGrain>(host).Claim(spec, wait, deadline.Token).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            throw new NoCapacityException();
        }
    }
}
