using System.Collections.Immutable;
using System.Globalization;
using Podflare.Audit;

namespace Podflare.Tenants;

/// <summary>The limits by the names that the API gives them.</summary>
internal static class LimitFields
{
    private static readonly ImmutableArray<(string Name, Func<TenantLimits, string> Text)> All =
    [
        ("requests_per_second", limits => Text(limits.RequestsPerSecond)),
        ("request_burst", limits => CanonicalJson.Write(limits.RequestBurst)),
        ("creates_per_second", limits => Text(limits.CreatesPerSecond)),
        ("create_burst", limits => CanonicalJson.Write(limits.CreateBurst)),
        ("sandboxes", limits => CanonicalJson.Write(limits.Sandboxes)),
        ("memory_mib", limits => CanonicalJson.Write(limits.MemoryMib)),
        ("running", limits => CanonicalJson.Write(limits.Running)),
        ("lifetime_seconds", limits => Text(limits.LifetimeSeconds)),
        ("idle_seconds", limits => Text(limits.IdleSeconds)),
        ("output_bytes", limits => CanonicalJson.Write(limits.OutputBytes)),
        ("file_bytes", limits => CanonicalJson.Write(limits.FileBytes)),
        ("transfers", limits => CanonicalJson.Write(limits.Transfers)),
        ("large_bodies", limits => CanonicalJson.Write(limits.LargeBodies)),
        ("egress_hosts", limits => CanonicalJson.Write((IEnumerable<string>?)limits.EgressHosts)),
    ];

    /// <summary>The limits that differ, as <c>limits.sandboxes</c> and the like.</summary>
    public static ImmutableSortedDictionary<string, AuditChange> Compare(TenantLimits before, TenantLimits after) => All
        .Select(field => (field.Name, Change: new AuditChange(field.Text(before), field.Text(after))))
        .Where(field => field.Change.Before != field.Change.After)
        .ToImmutableSortedDictionary(field => $"limits.{field.Name}", field => field.Change, StringComparer.Ordinal);

    // Canonical JSON has integers only: other numbers are texts.
    private static string Text(double? value) =>
        value is not { } number ? "null"
        : double.IsInteger(number) && Math.Abs(number) < long.MaxValue ? CanonicalJson.Write((long)number)
        : CanonicalJson.Write(number.ToString(CultureInfo.InvariantCulture));
}
