using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Hosts;

/// <summary>One host's part of a page of the list of sandboxes.</summary>
internal static class SandboxPage
{
    /// <summary>The tenant's sandboxes that pass the filter, newest first.</summary>
    public static IReadOnlyList<SandboxInfo> Of(IEnumerable<SandboxInfo> sandboxes, TenantId tenant, SandboxFilter filter) =>
    [
        .. sandboxes
            .Where(sandbox => sandbox.Tenant == tenant
                && (filter.State is null || sandbox.State == filter.State)
                && filter.Metadata.All(pair => sandbox.Metadata.GetValueOrDefault(pair.Key) == pair.Value)
                && IsAfter(sandbox, filter))
            .OrderByDescending(sandbox => sandbox.CreatedAt)
            .ThenByDescending(sandbox => sandbox.Id.Value, StringComparer.Ordinal)
            .Take(filter.Limit),
    ];

    /// <summary>The ids among these texts; an id that cannot be read is skipped.</summary>
    public static IEnumerable<SandboxId> ParseIds(IEnumerable<string> ids)
    {
        foreach (var text in ids)
        {
            if (SandboxId.TryParse(text, null, out var id)) yield return id;
        }
    }

    private static bool IsAfter(SandboxInfo sandbox, SandboxFilter filter) =>
        filter.BeforeTime is not { } before
        || sandbox.CreatedAt < before
        || (sandbox.CreatedAt == before && string.CompareOrdinal(sandbox.Id.Value, filter.BeforeId) < 0);
}
