using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>Usage as one answer shows it.</summary>
/// <param name="Rows">In the order of days, tenants and keys.</param>
internal sealed record UsageReport(UsageQuery Query, IReadOnlyList<UsageReportRow> Rows, UsageAmounts Total, DateTimeOffset AsOf)
{
    /// <param name="nameOf">The name of a key; null when it is not known (any more).</param>
    public static UsageReport Of(UsageQuery query, IEnumerable<(TenantId Tenant, UsageRow Row)> rows, Func<string, string?> nameOf, DateTimeOffset asOf)
    {
        Dictionary<(DateOnly? Day, string? Tenant, string? Key), UsageAmounts> groups = [];
        UsageAmounts total = default;
        foreach (var (tenant, row) in rows)
        {
            var group = (query.ByDay ? row.Day : (DateOnly?)null, query.ByTenant ? tenant.Value : null, query.ByKey ? row.Key : null);
            groups[group] = groups.GetValueOrDefault(group) + row.Amounts;
            total += row.Amounts;
        }

        var sorted = groups.OrderBy(group => group.Key.Day).ThenBy(group => group.Key.Tenant, StringComparer.Ordinal).ThenBy(group => group.Key.Key, StringComparer.Ordinal);
        return new UsageReport(
            query,
            [.. sorted.Select(group => new UsageReportRow(group.Key.Day, group.Key.Tenant, group.Key.Key, group.Key.Key is { } key ? nameOf(key) : null, group.Value))],
            total, asOf);
    }
}

/// <summary>One group of a report. What is not grouped by is null.</summary>
internal sealed record UsageReportRow(DateOnly? Day, string? Tenant, string? Key, string? KeyName, UsageAmounts Amounts);
