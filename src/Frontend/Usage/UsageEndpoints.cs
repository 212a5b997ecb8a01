using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Usage;

/// <summary>Shows what the keys of a tenant have used.</summary>
internal static class UsageEndpoints
{
    // The handler decides: another tenant's usage needs admin, and the own one read.
    public static void MapUsage(this RouteGroupBuilder api) => api.MapGet("/usage", GetAsync).RequireScope(KeyScopes.None);

    private static async Task<FileContentHttpResult> GetAsync(
        HttpContext context, Caller caller, IUsageLog log, KeyTable keys, TenantDirectory directory, IOptions<UsageOptions> options, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var query = UsageQuery.Parse(context.Request, DateOnly.FromDateTime(now.UtcDateTime));
        var isOwn = !query.AllTenants && (query.Tenant is null || query.Tenant == caller.Tenant && caller.Scopes.Allows(KeyScopes.Read));
        var needed = isOwn ? KeyScopes.Read : KeyScopes.Admin;
        if (!caller.Scopes.Allows(needed)) throw new ProblemException(Problem.InsufficientScope(needed));

        var cancellationToken = context.RequestAborted;
        var tenants = query.AllTenants ? await log.ListTenantsAsync(cancellationToken) : [query.Tenant ?? caller.Tenant];
        List<(TenantId, UsageRow)> rows = [];
        foreach (var tenant in tenants)
        {
            var read = await log.ReadAsync(tenant, query.From, query.To, cancellationToken);
            if (read.Count == 0 && !isOwn && !query.AllTenants && directory.Find(tenant) is null && !keys.IsInEnvironment(tenant)) throw new TenantNotFoundException();
            rows.AddRange(read.Select(row => (tenant, row)));
            if (rows.Count > options.Value.MaxRows) throw ProblemException.Invalid("from", "must be later: the range has too many rows");
        }

        var report = UsageReport.Of(query, rows, key => KeyId.TryParse(key, null, out var id) ? keys.Find(id)?.Info.Name : null, now);
        context.Response.Headers.Vary = "Accept";
        return query.AsCsv
            ? TypedResults.File(UsageWriter.ToCsv(report), UsageWriter.Csv, $"usage-{query.From:yyyy-MM-dd}-{query.To:yyyy-MM-dd}.csv")
            : TypedResults.File(UsageWriter.ToJson(report), UsageWriter.Json);
    }
}
