using System.Globalization;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Tenants;

namespace Podflare.Audit;

/// <summary>The query of <c>GET /v1/audit</c>.</summary>
/// <param name="Log">The tenant whose log is read; null for the caller's own.</param>
internal sealed record AuditQuery(AuditFilter Filter, string? Log)
{
    private const int DefaultLimit = 100;
    private const int MaxText = 256;

    /// <exception cref="ProblemException">400 that names the parameter.</exception>
    public static AuditQuery Parse(HttpRequest request) => new(
        new AuditFilter(
            Time(request, "from"),
            Time(request, "to"),
            Text(request, "action"),
            Text(request, "actor"),
            (int)(QueryParameters.Number(request, "limit", 1, AuditFilter.MaxLimit) ?? DefaultLimit),
            Cursor(request)),
        QueryParameters.Single(request, "tenant") switch
        {
            null or "" => null,
            IAuditGrain.Server => IAuditGrain.Server,
            var text => TenantId.TryParse(text, null, out var tenant) ? tenant.Value : throw new TenantNotFoundException(),
        });

    private static DateTimeOffset? Time(HttpRequest request, string name)
    {
        if (QueryParameters.Single(request, name) is not { Length: > 0 } text) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw ProblemException.Invalid(name, "must be a time, such as 2026-11-29T12:30:00Z, or a day");
    }

    private static string? Text(HttpRequest request, string name) => QueryParameters.Single(request, name) switch
    {
        null or "" => null,
        { Length: <= MaxText } text => text,
        _ => throw ProblemException.Invalid(name, $"must have at most {MaxText} characters"),
    };

    private static long? Cursor(HttpRequest request)
    {
        if (QueryParameters.Single(request, "cursor") is not { Length: > 0 } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) && seq > 0
            ? seq
            : throw ProblemException.Invalid("cursor", "must be a next_cursor that an earlier page returned");
    }
}
