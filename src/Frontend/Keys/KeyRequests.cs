using Podflare.Problems;
using Podflare.Requests;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>The validated body of a request to create a key.</summary>
/// <param name="Tenant">Null for the caller's own.</param>
internal sealed record CreateKeyRequest(string Name, KeyScopes Scopes, DateTimeOffset? ExpiresAt, TenantId? Tenant)
{
    private const int MaxTenant = 64;

    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static CreateKeyRequest Parse(ReadOnlySpan<byte> utf8, DateTimeOffset now) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        string? name = null, tenant = null;
        KeyScopes? scopes = null;
        double? seconds = null;
        DateTimeOffset? time = null;
        while (fields.Next())
        {
            if (fields.Is("name")) name = KeyFields.Name(ref fields);
            else if (fields.Is("scopes")) scopes = KeyFields.Scopes(ref fields);
            else if (fields.Is("expires_in_seconds")) seconds = KeyFields.ExpirySeconds(ref fields);
            else if (fields.Is("expires_at")) time = KeyFields.Time(ref fields, "expires_at");
            else if (fields.Is("tenant")) tenant = fields.Text(MaxTenant);
            else fields.Skip();
        }

        if (name is null) errors.Add("name", "is required");
        if (scopes is null) errors.Add("scopes", "is required");
        var expires = KeyFields.ExpiresAt(seconds, time, now, errors);
        var owner = default(TenantId);
        if (tenant is not null && !TenantId.TryParse(tenant, null, out owner)) errors.Add("tenant", $"must be 1 to {MaxTenant} letters, digits, '-', '_' or '.'");
        errors.ThrowIfAny();
        return new CreateKeyRequest(name!, scopes!.Value, expires, tenant is null ? null : owner);
    });
}

/// <summary>Parses the body of a request to change a key.</summary>
internal static class UpdateKeyRequest
{
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static KeyUpdate Parse(ReadOnlySpan<byte> utf8, DateTimeOffset now) => JsonFieldReader.Read(utf8, (fields, errors) =>
    {
        var update = new KeyUpdate();
        double? seconds = null;
        while (fields.Next())
        {
            if (fields.Is("name")) update = update with { Name = KeyFields.Name(ref fields) };
            else if (fields.Is("scopes")) update = update with { Scopes = KeyFields.Scopes(ref fields) };
            else if (fields.Is("expires_in_seconds")) seconds = KeyFields.ExpirySeconds(ref fields);
            else if (fields.Is("expires_at")) update = update with { ExpiresAt = KeyFields.Time(ref fields, "expires_at") };
            else fields.Skip();
        }

        update = update with { ExpiresAt = KeyFields.ExpiresAt(seconds, update.ExpiresAt, now, errors) };
        errors.ThrowIfAny();
        return update;
    });
}

/// <summary>Parses the body of a request to rotate a key.</summary>
internal static class RotateKeyRequest
{
    private const double MaxOverlapSeconds = 30.0 * 24 * 60 * 60;
    private const double DefaultOverlapSeconds = 24.0 * 60 * 60;

    /// <returns>Time for which the old key still works.</returns>
    /// <exception cref="ProblemException">400 that names each field.</exception>
    public static TimeSpan Parse(ReadOnlySpan<byte> utf8) => JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
    {
        double? overlap = null;
        while (fields.Next())
        {
            if (fields.Is("overlap_seconds")) overlap = fields.Number(0, MaxOverlapSeconds);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        return TimeSpan.FromSeconds(overlap ?? DefaultOverlapSeconds);
    });
}
