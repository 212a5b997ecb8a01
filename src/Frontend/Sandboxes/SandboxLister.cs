using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>One page of a tenant's sandboxes.</summary>
/// <param name="Next">Where the next page begins; null when this is the last.</param>
/// <param name="Warnings">The hosts that did not answer.</param>
internal sealed record FoundSandboxes(IReadOnlyList<SandboxInfo> Sandboxes, ListCursor? Next, IReadOnlyList<string> Warnings);

/// <summary>Lists the sandboxes of a tenant on all live hosts. There is no registry; each host knows its own sandboxes.</summary>
internal sealed class SandboxLister(HostDirectory hosts)
{
    public async Task<SandboxPageJson> ListAsync(TenantId tenant, ListQuery query, CancellationToken cancellationToken)
    {
        var found = await FindAsync(tenant, query.Filter, cancellationToken);
        string[] warnings = [.. query.Warnings, .. found.Warnings];
        return new SandboxPageJson([.. found.Sandboxes.Select(SandboxJson.Of)], found.Next?.ToString()) { Warnings = warnings.Length > 0 ? warnings : null };
    }

    /// <summary>The sandboxes that pass a filter, in its order.</summary>
    public async Task<FoundSandboxes> FindAsync(TenantId tenant, SandboxFilter filter, CancellationToken cancellationToken)
    {
        // One more than the page shows whether there is a next page.
        var answers = await hosts.AskAsync(host => host.List(tenant, filter with { Limit = filter.Limit + 1 }), cancellationToken);
        var order = filter.OldestFirst ? ListCursor.OldestFirst : ListCursor.NewestFirst;
        var found = answers.SelectMany(answer => answer.Answer ?? []).Order(order).Take(filter.Limit + 1).ToArray();
        ListCursor? next = found.Length > filter.Limit ? ListCursor.After(found[filter.Limit - 1]) : null;
        string[] warnings = [.. answers.Where(answer => answer.Answer is null).Select(answer => $"host {answer.Host} did not answer; its sandboxes are missing")];
        return new FoundSandboxes([.. found.Take(filter.Limit)], next, warnings);
    }

    /// <summary>How many sandboxes pass a filter, on all pages.</summary>
    /// <returns>Null when a host did not answer.</returns>
    public async Task<int?> CountAsync(TenantId tenant, SandboxFilter filter, CancellationToken cancellationToken)
    {
        var answers = await hosts.AskAsync(host => host.Count(tenant, filter), cancellationToken);
        return answers.All(answer => answer.Answer is not null) ? answers.Sum(answer => answer.Answer!.Total) : null;
    }
}
