using System.Collections.Immutable;
using Podflare.Audit;
using Podflare.Hosts;
using Podflare.Sandboxes;

namespace Podflare.Tenants;

/// <summary>Ends all sandboxes of a tenant that was deleted or suspended.</summary>
internal sealed class TenantSandboxes(TenantId tenant, HostDirectory hosts, Func<IGrainFactory> grains)
{
    private const int MaxPage = 200;
    private const int ParallelDeletes = 8;

    // A frontend that does not know of the suspension yet may create one more sandbox.
    private const int WantedEmptyLists = 3;

    private int _emptyLists;

    /// <summary>One pass over the hosts that are alive.</summary>
    /// <returns>True when several passes in a row have found no sandbox.</returns>
    public async Task<bool> EndAllAsync(CancellationToken cancellationToken)
    {
        var filter = new SandboxFilter(null, ImmutableSortedDictionary<string, string>.Empty, MaxPage, null, null);
        var answers = await hosts.AskAsync(host => host.List(tenant, filter), cancellationToken);
        var living = answers.SelectMany(answer => answer.Answer ?? []).ToArray();
        foreach (var some in living.Chunk(ParallelDeletes)) await Task.WhenAll(some.Select(sandbox => grains().GetGrain<ISandboxGrain>(sandbox.Id.Value).Delete(tenant, AuditOrigin.System)));
        _emptyLists = living.Length == 0 && answers.All(answer => answer.Answer is not null) ? _emptyLists + 1 : 0;
        if (_emptyLists < WantedEmptyLists) return false;
        _emptyLists = 0;
        return true;
    }
}
