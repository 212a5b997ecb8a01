using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>One host's part of a page of the list of sandboxes.</summary>
internal static class SandboxPage
{
    /// <summary>The tenant's sandboxes that pass the filter, in its order.</summary>
    public static IReadOnlyList<SandboxInfo> Of(IEnumerable<SandboxInfo> sandboxes, TenantId tenant, SandboxFilter filter)
    {
        var found = sandboxes.Where(sandbox => sandbox.Tenant == tenant && Matches(sandbox, filter) && IsAfter(sandbox, filter));
        return filter.OldestFirst
            ? [.. found.OrderBy(sandbox => sandbox.CreatedAt).ThenBy(sandbox => sandbox.Id.Value, StringComparer.Ordinal).Take(filter.Limit)]
            : [.. found.OrderByDescending(sandbox => sandbox.CreatedAt).ThenByDescending(sandbox => sandbox.Id.Value, StringComparer.Ordinal).Take(filter.Limit)];
    }

    /// <summary>How many of the tenant's sandboxes pass the filter, whatever page of them it asks for.</summary>
    public static SandboxCount Count(IEnumerable<SandboxInfo> sandboxes, TenantId tenant, SandboxFilter filter) =>
        new(sandboxes.Count(sandbox => sandbox.Tenant == tenant && Matches(sandbox, filter)));

    /// <summary>The ids among these texts; an id that cannot be read is skipped.</summary>
    public static IEnumerable<SandboxId> ParseIds(IEnumerable<string> ids)
    {
        foreach (var text in ids)
        {
            if (SandboxId.TryParse(text, null, out var id)) yield return id;
        }
    }

    private static bool Matches(SandboxInfo sandbox, SandboxFilter filter) =>
        (filter.State is null || sandbox.State == filter.State)
        && (filter.Template is null || sandbox.Template == filter.Template)
        && (filter.CreatedAfter is not { } from || sandbox.CreatedAt > from)
        && filter.Metadata.All(pair => sandbox.Metadata.GetValueOrDefault(pair.Key) == pair.Value);

    private static bool IsAfter(SandboxInfo sandbox, SandboxFilter filter)
    {
        if (filter.BeforeTime is not { } last) return true;
        var byTime = sandbox.CreatedAt.CompareTo(last);
        var place = byTime != 0 ? byTime : string.CompareOrdinal(sandbox.Id.Value, filter.BeforeId);
        return filter.OldestFirst ? place > 0 : place < 0;
    }
}
