using System.Diagnostics;
using Podflare.Hosting;
using Podflare.Problems;

namespace Podflare.Keys;

/// <summary>Endpoints that carry this are for callers with a key.</summary>
internal sealed class NeedsKey;

/// <summary>Tells who calls, or refuses with 401.</summary>
internal sealed class KeyMiddleware(RequestDelegate next, ServerSettings settings)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (IsProtected(context)) context.Features.Set(settings.Auth == AuthMode.Keys ? Identify(context.Request) : Caller.Anybody);
        return next(context);
    }

    // An unknown route under /v1 asks for a key as well: what exists is not told to strangers.
    private static bool IsProtected(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata && metadata.GetMetadata<NeedsKey>() is not null
        || context.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is null && IsApi(context.Request.Path);

    private static bool IsApi(PathString path) => path.StartsWithSegments("/v1") || path.StartsWithSegments($"{Mount.Compat.Prefix}/v1");

    private Caller Identify(HttpRequest request)
    {
        if (request.Headers.Authorization is not [{ } header] || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || header.AsSpan(Scheme.Length).Trim() is not { Length: > 0 } key)
            throw Refuse("missing_api_key", "missing Authorization: Bearer <key>");
        return settings.Keys.Find(key.ToString()) is { } tenant ? new Caller(tenant) : throw Refuse("invalid_api_key", "invalid api key");
    }

    private static ProblemException Refuse(string code, string text)
    {
        // A stranger's "sampled" must not make us export his span.
        if (Activity.Current is { } span) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        return new ProblemException(new Problem(401, code, text));
    }
}

/// <summary>Endpoints that carry this answer without a key.</summary>
internal sealed class OpenToAll;
