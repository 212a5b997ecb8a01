using System.Collections.Immutable;
using Podflare.Audit;

namespace Podflare.Tenants;

/// <summary>What becomes of a tenant's record when its state or limits are changed. Pure functions.</summary>
internal static class TenantRules
{
    public static TenantRecord Create(ChangeRequest request, string name, TenantLimits limits) => request.Audit(
        new TenantRecord { Name = name, Limits = limits, CreatedAt = request.Now }, AuditAction.TenantCreate, Target(request), LimitFields.Compare(TenantLimits.None, limits));

    /// <exception cref="TenantNotFoundException">It is deleted.</exception>
    /// <exception cref="TenantChangedException">It has another version than expected.</exception>
    public static TenantRecord Update(TenantRecord record, ChangeRequest request, TenantUpdate update)
    {
        GuardLiving(record);
        if (update.ExpectedVersion is { } expected && expected != record.Version) throw new TenantChangedException();
        var changed = record with { Name = update.Name ?? record.Name, Limits = update.Limits ?? record.Limits };
        var changes = LimitFields.Compare(record.Limits, changed.Limits);
        if (changed.Name != record.Name) changes = changes.Add("name", AuditChange.Of(record.Name, changed.Name));
        if (!changes.IsEmpty) record = request.Audit(changed, AuditAction.TenantUpdate, Target(request), changes);
        var state = update.State ?? record.State;
        if (state != record.State)
        {
            record = request.Audit(
                record with { State = state, EndsSandboxes = record.EndsSandboxes && state is not TenantState.Active },
                state is TenantState.Active ? AuditAction.TenantResume : AuditAction.TenantSuspend,
                Target(request));
        }

        return update.EndSandboxes && !record.EndsSandboxes ? record with { EndsSandboxes = true } : record;
    }

    /// <summary>Its keys end now.</summary>
    public static TenantRecord Delete(TenantRecord record, ChangeRequest request)
    {
        if (record.State is TenantState.Deleted) return record;
        var ended = record.Keys.Select(key => key.Info.EndedAt(request.Now) is null ? key with { Info = key.Info with { RevokedAt = request.Now } } : key);
        return request.Audit(record with { State = TenantState.Deleted, EndsSandboxes = true, Keys = [.. ended] }, AuditAction.TenantDelete, Target(request));
    }

    /// <exception cref="TenantNotFoundException">It is deleted.</exception>
    public static void GuardLiving(TenantRecord record)
    {
        if (record.State is TenantState.Deleted) throw new TenantNotFoundException();
    }

    private static AuditTarget Target(ChangeRequest request) => new("tenant", request.Tenant.Value);
}
