using System.Globalization;

namespace Podflare;

/// <summary>A filter for the entries of an audit log.</summary>
/// <example>
/// <code>
/// await foreach (var entry in client.ListAuditEntriesAsync(new AuditQuery { Action = "key.revoke" })) Console.WriteLine($"{entry.At} {entry.Actor.Id}");
/// </code>
/// </example>
public sealed record AuditQuery
{
    /// <summary>The earliest time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The time before which entries are listed.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only this action, such as <c>key.revoke</c>.</summary>
    public string? Action { get; init; }

    /// <summary>Only acts of the key, or of the subject of a token, with this ID.</summary>
    public string? Actor { get; init; }

    /// <summary>The ID of another tenant, or <c>_server</c>; both need the scope <c>admin</c>. Default: the caller's own.</summary>
    public string? Tenant { get; init; }

    /// <summary>The number of entries per page, 1 to 1,000. Server default: 100.</summary>
    public int? PageSize { get; init; }

    internal string ToPath(string? cursor) => QueryPath.Of(
        "v1/audit", ("from", Text(Since)), ("to", Text(Until)), ("action", Action), ("actor", Actor), ("tenant", Tenant),
        ("limit", PageSize?.ToString(CultureInfo.InvariantCulture)), ("cursor", cursor));

    private static string? Text(DateTimeOffset? time) => time?.ToString("O", CultureInfo.InvariantCulture);
}
