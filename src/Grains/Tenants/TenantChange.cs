using System.Collections.Immutable;
using Podflare.Audit;

namespace Podflare.Tenants;

/// <summary>The outcome of a decision about a tenant.</summary>
/// <param name="Record">The record to store; the same object as before when nothing changes.</param>
/// <param name="Result">What the caller gets once it is stored.</param>
internal readonly record struct TenantChange<T>(TenantRecord Record, T Result);

/// <summary>The tenant that an administrative act changes, its caller, and its time.</summary>
internal sealed record ChangeRequest(TenantId Tenant, AuditOrigin Origin, DateTimeOffset Now)
{
    /// <summary>The record with one more version and the entry for the audit log.</summary>
    /// <param name="changes">The fields that changed; empty for an act that is a change by itself.</param>
    public TenantRecord Audit(TenantRecord record, string action, AuditTarget target, ImmutableSortedDictionary<string, AuditChange>? changes = null) => record with
    {
        Version = record.Version + 1,
        Outbox = record.Outbox.Add(new AuditEntry(AuditEntry.NewId(), Now, Tenant, action, Origin.Actor, target, Origin.Source, Origin.TraceId, changes)),
    };
}
