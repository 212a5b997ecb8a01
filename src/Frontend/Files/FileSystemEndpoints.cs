using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Files;

/// <summary>Operations on files: stat, mkdir, move, copy and archives. Their paths are below <c>/fs</c>, because <c>files/stat</c> is the path of a file.</summary>
internal static class FileSystemEndpoints
{
    public static void MapFileSystem(this RouteGroupBuilder api)
    {
        var operations = api.MapGroup("/sandboxes/{id}/fs");
        var queries = operations.MapGroup("").AddEndpointFilter(FileRefusals.NamePathAsync);
        queries.MapGet("/stat", StatAsync);
        queries.MapArchives();
        var bodies = operations.MapGroup("").WithMetadata(new DisableRequestDeadline());
        bodies.MapPost("/mkdir", CreateDirectoryAsync);
        bodies.MapPost("/move", (HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, JsonRequestHandler requests) =>
            TransferAsync(context, id, caller.Tenant, grains, requests, (files, tenant, operation, token) => files.Move(tenant, operation.Path, operation.To!, operation.Overwrite, operation.Parents, token)));
        bodies.MapPost("/copy", (HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, JsonRequestHandler requests) =>
            TransferAsync(context, id, caller.Tenant, grains, requests, (files, tenant, operation, token) => files.Copy(tenant, operation.Path, operation.To!, operation.Overwrite, operation.Parents, operation.Recursive, token)));
    }

    private static async Task<JsonHttpResult<FileJson>> StatAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = FilePathReader.OfQuery(context);
        var follow = QueryParameters.Flag(context.Request, "follow") == true;
        var entry = await GrainCallRetry.RetryLostAsync(() => Of(grains, id).Stat(caller.Tenant, path, follow, cancellationToken), time, cancellationToken);
        return TypedResults.Json(FileJson.Of(entry), FileJsonContext.Default.FileJson);
    }

    private static async Task<JsonHttpResult<FileJson>> CreateDirectoryAsync(HttpContext context, SandboxId id, Caller caller, IGrainFactory grains, JsonRequestHandler requests)
    {
        var creation = await requests.HandleAsync(context, FileOperation.ParseDirectory, (operation, token) => FileRefusals.NameAsync(
            () => Of(grains, id).CreateDirectory(caller.Tenant, operation.Path, operation.Mode, operation.Parents, token), operation));
        return TypedResults.Json(FileJson.Of(creation.Entry), FileJsonContext.Default.FileJson, statusCode: creation.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    // Not repeated when its answer is lost: a second move would not find what the first one has moved.
    private static async Task<JsonHttpResult<FileJson>> TransferAsync(
        HttpContext context, SandboxId id, TenantId tenant, IGrainFactory grains, JsonRequestHandler requests, Func<IFileExtension, TenantId, FileOperation, CancellationToken, Task<FileEntry>> call)
    {
        var entry = await requests.HandleOnceAsync(context, FileOperation.ParsePair, (operation, token) => FileRefusals.NameAsync(() => call(Of(grains, id), tenant, operation, token), operation));
        return TypedResults.Json(FileJson.Of(entry), FileJsonContext.Default.FileJson, statusCode: StatusCodes.Status201Created);
    }

    private static IFileExtension Of(IGrainFactory grains, SandboxId id) => grains.GetGrain<ISandboxGrain>(id.Value).AsReference<IFileExtension>();
}
