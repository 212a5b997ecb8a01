namespace Podflare;

/// <summary>What a new API key is like.</summary>
/// <example>
/// <code>
/// var key = await client.Keys.CreateAsync("ci", new ApiKeyOptions { Scopes = [ApiKeyScopes.Read], Lifetime = TimeSpan.FromDays(90) });
/// </code>
/// </example>
public sealed record ApiKeyOptions
{
    /// <summary>What the key allows; see <see cref="ApiKeyScopes"/>. Default: <see cref="ApiKeyScopes.Sandboxes"/>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [ApiKeyScopes.Sandboxes];

    /// <summary>The time after which the key expires, at least one second. Default: it does not expire.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The ID of another tenant, which needs the scope <c>admin</c>. Default: the caller's own.</summary>
    public string? Tenant { get; init; }
}

/// <summary>A change of an API key. What is not set stays as it is.</summary>
public sealed record ApiKeyUpdate
{
    /// <summary>What the key is for.</summary>
    public string? Name { get; init; }

    /// <summary>What the key allows. A key can only reduce its own scopes.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>The time from now after which the key expires.</summary>
    public TimeSpan? Lifetime { get; init; }
}

/// <summary>A filter for a list of API keys.</summary>
public sealed record ApiKeyQuery
{
    /// <summary>The ID of another tenant, which needs the scope <c>admin</c>. Default: the caller's own.</summary>
    public string? Tenant { get; init; }

    /// <summary>Only keys in this state.</summary>
    public ApiKeyState? State { get; init; }

    /// <summary>The number of keys per page, 1 to 1,000. Server default: 100.</summary>
    public int? PageSize { get; init; }
}

internal sealed record KeyBody(string? Name, IReadOnlyList<string>? Scopes, double? ExpiresInSeconds, string? Tenant);

internal sealed record RotateBody(double? OverlapSeconds);
