using System.Globalization;

namespace Podflare;

/// <summary>What the rows of a usage report are grouped by.</summary>
[Flags]
public enum UsageGroups
{
    /// <summary>The server's default: day and key.</summary>
    Default = 0,

    /// <summary>The day, in UTC.</summary>
    Day = 1,

    /// <summary>The API key.</summary>
    Key = 2,

    /// <summary>The tenant.</summary>
    Tenant = 4,
}

/// <summary>Which usage to report.</summary>
/// <example>
/// <code>
/// var report = await client.GetUsageAsync(new UsageQuery { FirstDay = new DateOnly(2026, 11, 1), GroupBy = UsageGroups.Key });
/// </code>
/// </example>
public sealed record UsageQuery
{
    /// <summary>The value of <see cref="Tenant"/> for every tenant.</summary>
    public const string AllTenants = "*";

    /// <summary>The first day, in UTC. Default: 29 days before the last one. A range has at most 400 days.</summary>
    public DateOnly? FirstDay { get; init; }

    /// <summary>The last day, which is included. Default: today.</summary>
    public DateOnly? LastDay { get; init; }

    /// <summary>What rows are grouped by.</summary>
    public UsageGroups GroupBy { get; init; }

    /// <summary>The ID of another tenant, or <see cref="AllTenants"/>; both need the scope <c>admin</c>. Default: the caller's own.</summary>
    public string? Tenant { get; init; }

    internal string ToPath()
    {
        var groups = GroupBy is UsageGroups.Default ? null : string.Join(',', Enum.GetValues<UsageGroups>().Where(group => group is not UsageGroups.Default && GroupBy.HasFlag(group)).Select(group => group.ToString().ToLowerInvariant()));
        return QueryPath.Of("v1/usage", ("from", Day(FirstDay)), ("to", Day(LastDay)), ("group_by", groups), ("tenant", Tenant), ("format", "json"));
    }

    private static string? Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
