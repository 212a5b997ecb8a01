using System.Diagnostics;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>Endpoint metadata: callers need an API key.</summary>
internal sealed class RequireApiKey;

/// <summary>Authenticates the caller, or answers 401.</summary>
internal sealed class ApiKeyMiddleware(RequestDelegate next, AuthenticationSettings settings)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (IsProtected(context)) context.Features.Set(settings.Mode == AuthMode.Keys ? Authenticate(context.Request) : Caller.Default);
        return next(context);
    }

    // Unknown routes under /v1 also need a key, so that strangers cannot find out which routes exist.
    private static bool IsProtected(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata && metadata.GetMetadata<RequireApiKey>() is not null
        || context.GetEndpoint()?.Metadata.GetMetadata<AllowAnonymous>() is null && Mount.IsApi(context.Request.Path);

    private Caller Authenticate(HttpRequest request)
    {
        if (request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || header.AsSpan(Scheme.Length).Trim() is not { Length: > 0 } key)
            throw Unauthorized("missing_api_key", "missing Authorization: Bearer <key>", "this server requires an API key; send it in the header Authorization: Bearer <key>");
        return settings.Keys.Find(key.ToString()) is { } tenant
            ? CallerOf(tenant, KeyId.OfEnvironment(KeyHash.Of(key)))
            : throw Unauthorized("invalid_api_key", "invalid api key", "the API key is not one of this server's keys");
    }

    private static Caller CallerOf(TenantId tenant, KeyId key) => new(tenant, key, KeyScopes.Sandboxes, AuditActor.Key(key.Value, tenant));

    private static ProblemException Unauthorized(string code, string text, string detail)
    {
        // The "sampled" flag of an unauthenticated caller must not make the server export a span.
        if (Activity.Current is { } span) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        return new ProblemException(new Problem(401, code, text) { Detail = detail });
    }
}

/// <summary>Endpoint metadata: no API key is needed.</summary>
internal sealed class AllowAnonymous;
