using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Audit;

/// <summary>Shows the audit log of a tenant.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this RouteGroupBuilder api) => api.MapGet("/audit", ListAsync).RequireScope(KeyScopes.Keys);

    private static async Task<FileContentHttpResult> ListAsync(HttpRequest request, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var query = AuditQuery.Parse(request);
        var log = query.Log ?? caller.Tenant.Value;
        if (log != caller.Tenant.Value && !caller.Scopes.Allows(KeyScopes.Admin)) throw new ProblemException(Problem.InsufficientScope(KeyScopes.Admin));
        var page = await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<IAuditGrain>(log).Read(query.Filter, cancellationToken), time, cancellationToken);
        var next = page.Next is { } seq ? $"\"{seq.ToString(CultureInfo.InvariantCulture)}\"" : "null";

        // Entries are sent as they are stored, because their hashes are computed over exactly this text.
        return TypedResults.File(Encoding.UTF8.GetBytes($$"""{"entries":[{{string.Join(',', page.Entries)}}],"next_cursor":{{next}}}"""), "application/json");
    }
}
