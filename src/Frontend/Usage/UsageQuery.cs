using System.Globalization;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>The query of <c>GET /v1/usage</c>.</summary>
/// <param name="To">The last day, included.</param>
/// <param name="Tenant">Null for the caller's own.</param>
/// <param name="AllTenants">Usage of every tenant.</param>
internal sealed record UsageQuery(DateOnly From, DateOnly To, bool ByDay, bool ByKey, bool ByTenant, bool AsCsv, TenantId? Tenant, bool AllTenants)
{
    private const string DayFormat = "yyyy-MM-dd";
    private const string EveryTenant = "*";
    private const int MaxDays = 400;
    private const int DefaultDays = 30;

    /// <exception cref="ProblemException">400 that names the parameter.</exception>
    public static UsageQuery Parse(HttpRequest request, DateOnly today)
    {
        var to = Day(request, "to") ?? today;
        var from = Day(request, "from") ?? to.AddDays(1 - DefaultDays);
        if (from > to) throw ProblemException.Invalid("from", "must not be later than to");
        if (to.DayNumber - from.DayNumber >= MaxDays) throw ProblemException.Invalid("from", $"must be less than {MaxDays} days before to");
        var groups = (QueryParameters.Single(request, "group_by") is { Length: > 0 } list ? list : "day,key").Split(',', StringSplitOptions.TrimEntries);
        if (groups.Any(group => group is not ("day" or "key" or "tenant"))) throw ProblemException.Invalid("group_by", "must list day, key or tenant, separated by commas");
        var tenant = QueryParameters.Single(request, "tenant");
        return new UsageQuery(
            from, to, groups.Contains("day"), groups.Contains("key"), groups.Contains("tenant"), IsCsv(request),
            tenant is null or "" or EveryTenant ? null : TenantId.TryParse(tenant, null, out var one) ? one : throw new TenantNotFoundException(),
            tenant == EveryTenant);
    }

    private static DateOnly? Day(HttpRequest request, string name)
    {
        if (QueryParameters.Single(request, name) is not { Length: > 0 } text) return null;
        return DateOnly.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw ProblemException.Invalid(name, "must be a day, such as 2026-11-29");
    }

    private static bool IsCsv(HttpRequest request) => QueryParameters.Single(request, "format") switch
    {
        null or "" => request.Headers.Accept.Any(accept => accept?.Contains("text/csv", StringComparison.OrdinalIgnoreCase) == true),
        "json" => false,
        "csv" => true,
        _ => throw ProblemException.Invalid("format", "must be json or csv"),
    };
}
