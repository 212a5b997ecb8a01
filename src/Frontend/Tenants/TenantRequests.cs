using Podflare.Keys;
using Podflare.Problems;
using Podflare.Requests;

namespace Podflare.Tenants;

/// <summary>The validated body of a request to create a tenant.</summary>
internal sealed record CreateTenantRequest(TenantId Id, string Name, TenantLimits Limits)
{
    private const int MaxId = 64;

    // Names that the routes and the audit log use for something else.
    private static readonly string[] Reserved = ["current", "_server", ".", ".."];

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static CreateTenantRequest Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        string? text = null, name = null;
        Func<TenantLimits, TenantLimits> limits = static none => none;
        while (fields.Next())
        {
            if (fields.Is("id")) text = fields.Text(MaxId);
            else if (fields.Is("name")) name = KeyFields.Name(ref fields);
            else if (fields.Is("limits")) limits = LimitFields.Read(ref fields);
            else fields.Skip();
        }

        if (!TenantId.TryParse(text, null, out var id) || Reserved.Contains(text)) errors.Add("id", $"must be 1 to {MaxId} letters, digits, '-', '_' or '.', and none of {string.Join(", ", Reserved)}");
        errors.ThrowIfAny();
        return new CreateTenantRequest(id, name ?? id.Value, limits(TenantLimits.None));
    });
}

/// <summary>The validated body of a request to change a tenant.</summary>
/// <param name="Limits">What to change of its limits; null for nothing.</param>
internal sealed record UpdateTenantRequest(string? Name, TenantState? State, bool EndSandboxes, Func<TenantLimits, TenantLimits>? Limits)
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static UpdateTenantRequest Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        string? name = null, state = null;
        bool? ends = null;
        Func<TenantLimits, TenantLimits>? limits = null;
        while (fields.Next())
        {
            if (fields.Is("name")) name = KeyFields.Name(ref fields);
            else if (fields.Is("state")) state = fields.Word("active", "suspended");
            else if (fields.Is("end_sandboxes")) ends = fields.Flag();
            else if (fields.Is("limits")) limits = LimitFields.Read(ref fields);
            else fields.Skip();
        }

        if (ends == true && state != "suspended") errors.Add("end_sandboxes", "must be given with the state suspended");
        errors.ThrowIfAny();
        return new UpdateTenantRequest(name, state is null ? null : state == "active" ? TenantState.Active : TenantState.Suspended, ends ?? false, limits);
    });
}
