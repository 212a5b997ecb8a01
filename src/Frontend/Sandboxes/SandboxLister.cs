using Podflare.Hosts;
using Podflare.Tenants;

namespace Podflare.Sandboxes;

/// <summary>Lists the sandboxes of a tenant on all live hosts. There is no registry; each host knows its own sandboxes.</summary>
internal sealed class SandboxLister(HostDirectory hosts)
{
    public async Task<SandboxPageJson> ListAsync(TenantId tenant, ListQuery query, CancellationToken cancellationToken)
    {
        var filter = query.Filter;
        // One more than the page shows whether there is a next page.
        var answers = await hosts.AskAsync(host => host.List(tenant, filter with { Limit = filter.Limit + 1 }), cancellationToken);
        var found = answers.SelectMany(answer => answer.Answer ?? []).Order(ListCursor.NewestFirst).Take(filter.Limit + 1).ToArray();
        var page = found.Take(filter.Limit).Select(SandboxJson.Of).ToArray();
        var next = found.Length > filter.Limit ? ListCursor.After(found[filter.Limit - 1]).ToString() : null;
        string[] warnings = [.. query.Warnings, .. answers.Where(answer => answer.Answer is null).Select(answer => $"host {answer.Host} did not answer; its sandboxes are missing")];
        return new SandboxPageJson(page, next) { Warnings = warnings.Length > 0 ? warnings : null };
    }
}
