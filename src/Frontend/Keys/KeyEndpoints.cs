using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Tenants;

namespace Podflare.Keys;

/// <summary>Creates, lists, changes, rotates and revokes API keys.</summary>
internal static class KeyEndpoints
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1_000;

    public static void MapKeys(this RouteGroupBuilder api)
    {
        var keys = api.MapGroup("/keys");
        keys.MapPost("", CreateAsync).RequireScope(KeyScopes.Keys).WithMetadata(new DisableRequestDeadline());
        keys.MapGet("", ListAsync).RequireScope(KeyScopes.Keys);
        keys.MapGet("/current", GetCurrentAsync).RequireScope(KeyScopes.None);
        keys.MapGet("/{key}", GetAsync).RequireScope(KeyScopes.Keys);
        keys.MapPatch("/{key}", UpdateAsync).RequireScope(KeyScopes.Keys).WithMetadata(new DisableRequestDeadline());
        keys.MapPost("/{key}/rotate", RotateAsync).RequireScope(KeyScopes.Keys).WithMetadata(new DisableRequestDeadline());
        keys.MapDelete("/{key}", RevokeAsync).RequireScope(KeyScopes.Keys);
    }

    private static async Task<JsonHttpResult<KeyJson>> CreateAsync(HttpContext context, Caller caller, KeyManager manager, JsonRequestHandler requests) => Reply(
        context, manager, await requests.HandleOnceAsync(context, utf8 => CreateKeyRequest.Parse(utf8, manager.Now), (request, token) => manager.CreateAsync(caller, RequestOrigin.Of(context, caller), request, token)));

    private static async Task<JsonHttpResult<KeyPageJson>> ListAsync(HttpRequest request, Caller caller, KeyManager manager, CancellationToken cancellationToken)
    {
        var tenant = ParseTenant(request);
        var state = ParseState(request);
        var limit = (int)(QueryParameters.Number(request, "limit", 1, MaxPage) ?? DefaultPage);
        var cursor = ParseCursor(request);
        var now = manager.Now;
        var found = (await manager.ListAsync(caller, tenant, cancellationToken)).Where(key => state is null || key.StateAt(now) == state).ToArray();
        var start = cursor is { } last ? Array.FindIndex(found, key => key.Id == last) + 1 : 0;
        if (cursor is not null && start == 0) throw WrongCursor();
        var page = found.Skip(start).Take(limit).ToArray();
        var next = start + page.Length < found.Length ? page[^1].Id.Value : null;
        return TypedResults.Json(new KeyPageJson([.. page.Select(key => KeyJson.Of(key, now))], next), KeyJsonContext.Default.KeyPageJson);
    }

    private static async Task<JsonHttpResult<KeyJson>> GetCurrentAsync(Caller caller, KeyManager manager, CancellationToken cancellationToken)
    {
        if (caller.Key is not { } id) throw new ApiKeyNotFoundException();
        return Reply(await manager.FindAsync(caller, id, cancellationToken), manager);
    }

    private static async Task<JsonHttpResult<KeyJson>> GetAsync(KeyId key, Caller caller, KeyManager manager, CancellationToken cancellationToken) =>
        Reply(await manager.FindAsync(caller, key, cancellationToken), manager);

    private static async Task<JsonHttpResult<KeyJson>> UpdateAsync(HttpContext context, KeyId key, Caller caller, KeyManager manager, JsonRequestHandler requests) => Reply(
        await requests.HandleOnceAsync(
            context, utf8 => UpdateKeyRequest.Parse(utf8, manager.Now), (update, token) => manager.UpdateAsync(caller, RequestOrigin.Of(context, caller), key, update, token)),
        manager);

    private static async Task<JsonHttpResult<KeyJson>> RotateAsync(HttpContext context, KeyId key, Caller caller, KeyManager manager, JsonRequestHandler requests) => Reply(
        context, manager, await requests.HandleOnceAsync(context, RotateKeyRequest.Parse, (overlap, token) => manager.RotateAsync(caller, RequestOrigin.Of(context, caller), key, overlap, token)));

    private static async Task<NoContent> RevokeAsync(HttpContext context, KeyId key, Caller caller, KeyManager manager, CancellationToken cancellationToken)
    {
        await manager.RevokeAsync(caller, RequestOrigin.Of(context, caller), key, cancellationToken);
        return TypedResults.NoContent();
    }

    private static JsonHttpResult<KeyJson> Reply(KeyInfo key, KeyManager manager) => TypedResults.Json(KeyJson.Of(key, manager.Now), KeyJsonContext.Default.KeyJson);

    private static JsonHttpResult<KeyJson> Reply(HttpContext context, KeyManager manager, CreatedKey created)
    {
        context.Response.Headers.Location = $"/v1/keys/{created.Key.Id}";
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(KeyJson.Of(created.Key, manager.Now, created.Secret), KeyJsonContext.Default.KeyJson, statusCode: StatusCodes.Status201Created);
    }

    private static TenantId? ParseTenant(HttpRequest request)
    {
        if (QueryParameters.Single(request, "tenant") is not { Length: > 0 } text) return null;
        return TenantId.TryParse(text, null, out var tenant) ? tenant : throw new TenantNotFoundException();
    }

    private static KeyState? ParseState(HttpRequest request) => QueryParameters.Single(request, "state") switch
    {
        null or "" => null,
        "active" => KeyState.Active,
        "expired" => KeyState.Expired,
        "revoked" => KeyState.Revoked,
        _ => throw ProblemException.Invalid("state", "must be active, expired or revoked"),
    };

    private static KeyId? ParseCursor(HttpRequest request)
    {
        if (QueryParameters.Single(request, "cursor") is not { Length: > 0 } text) return null;
        return KeyId.TryParse(text, null, out var id) ? id : throw WrongCursor();
    }

    private static ProblemException WrongCursor() => ProblemException.Invalid("cursor", "must be a next_cursor that an earlier page returned");
}
