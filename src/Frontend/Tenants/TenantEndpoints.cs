using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.Tenants;

/// <summary>Creates, lists, changes and deletes tenants, and lists and ends their sandboxes. For administrators, except the own tenant.</summary>
internal static class TenantEndpoints
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1_000;

    public static IServiceCollection AddTenantEndpoints(this IServiceCollection services) => services.AddSingleton<TenantManager>();

    public static void MapTenants(this RouteGroupBuilder api)
    {
        var tenants = api.MapGroup("/tenants");
        tenants.MapPost("", CreateAsync).RequireScope(KeyScopes.Admin).WithMetadata(new DisableRequestDeadline());
        tenants.MapGet("", ListAsync).RequireScope(KeyScopes.Admin);
        tenants.MapGet("/current", GetCurrent).RequireScope(KeyScopes.None);
        tenants.MapGet("/{tenant}", GetAsync).RequireScope(KeyScopes.Admin);
        tenants.MapPatch("/{tenant}", UpdateAsync).RequireScope(KeyScopes.Admin).WithMetadata(new DisableRequestDeadline());
        tenants.MapDelete("/{tenant}", DeleteAsync).RequireScope(KeyScopes.Admin);
        tenants.MapGet("/{tenant}/sandboxes", ListSandboxesAsync).RequireScope(KeyScopes.Admin);
        tenants.MapDelete("/{tenant}/sandboxes/{sandbox}", DeleteSandboxAsync).RequireScope(KeyScopes.Admin);
    }

    private static async Task<JsonHttpResult<TenantJson>> CreateAsync(HttpContext context, Caller caller, TenantManager manager, JsonRequestHandler requests)
    {
        var created = await requests.HandleOnceAsync(context, CreateTenantRequest.Parse, (request, token) => manager.CreateAsync(RequestOrigin.Of(context, caller), request, token));
        context.Response.Headers.Location = $"/v1/tenants/{created.Id}";
        return TypedResults.Json(TenantJson.Of(created), TenantJsonContext.Default.TenantJson, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<JsonHttpResult<TenantPageJson>> ListAsync(HttpRequest request, TenantManager manager, CancellationToken cancellationToken)
    {
        var limit = (int)(QueryParameters.Number(request, "limit", 1, MaxPage) ?? DefaultPage);
        var cursor = QueryParameters.Single(request, "cursor") is { Length: > 0 } text ? text : null;
        var (page, next) = await manager.ListAsync(cursor, limit, cancellationToken);
        return TypedResults.Json(new TenantPageJson([.. page.Select(TenantJson.Of)], next), TenantJsonContext.Default.TenantPageJson);
    }

    private static JsonHttpResult<TenantJson> GetCurrent(Caller caller, TenantDirectory directory, IOptions<LimitOptions> defaults)
    {
        var tenant = directory.Find(caller.Tenant) ?? TenantManager.WithoutRecord(caller.Tenant);
        return TypedResults.Json(TenantJson.Of(tenant, LimitsJson.Of(defaults.Value.Apply(tenant.Limits))), TenantJsonContext.Default.TenantJson);
    }

    private static async Task<JsonHttpResult<TenantJson>> GetAsync(TenantId tenant, TenantManager manager, CancellationToken cancellationToken) =>
        Reply(await manager.GetAsync(tenant, cancellationToken));

    private static async Task<JsonHttpResult<TenantJson>> UpdateAsync(HttpContext context, TenantId tenant, Caller caller, TenantManager manager, JsonRequestHandler requests) =>
        Reply(await requests.HandleOnceAsync(context, UpdateTenantRequest.Parse, (request, token) => manager.UpdateAsync(tenant, RequestOrigin.Of(context, caller), request, token)));

    private static async Task<Accepted> DeleteAsync(HttpContext context, TenantId tenant, Caller caller, TenantManager manager, CancellationToken cancellationToken)
    {
        await manager.DeleteAsync(tenant, RequestOrigin.Of(context, caller), cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<JsonHttpResult<TenantSandboxPageJson>> ListSandboxesAsync(
        HttpRequest request, TenantId tenant, TenantManager manager, SandboxLister lister, IOptions<CreateOptions> options, CancellationToken cancellationToken)
    {
        await manager.GetAsync(tenant, cancellationToken);
        var page = await lister.ListAsync(tenant, ListQuery.Parse(request, options.Value), cancellationToken);
        return TypedResults.Json(
            new TenantSandboxPageJson([.. page.Sandboxes.Select(TenantSandboxJson.Of)], page.NextCursor) { Warnings = page.Warnings }, TenantJsonContext.Default.TenantSandboxPageJson);
    }

    private static async Task<NoContent> DeleteSandboxAsync(
        HttpContext context, TenantId tenant, SandboxId sandbox, Caller caller, TenantManager manager, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        await manager.GetAsync(tenant, cancellationToken);
        var origin = RequestOrigin.Of(context, caller);
        await GrainCallRetry.RetryLostAsync(() => grains.GetGrain<ISandboxGrain>(sandbox.Value).Delete(tenant, origin), time, cancellationToken);
        return TypedResults.NoContent();
    }

    private static JsonHttpResult<TenantJson> Reply(TenantSnapshot tenant) => TypedResults.Json(TenantJson.Of(tenant), TenantJsonContext.Default.TenantJson);
}
