using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Podflare.E2b.Connect;
using Podflare.Http;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Envd;

/// <summary>The service for files and processes on its port.</summary>
internal static class EnvdEndpoints
{
    public static void MapEnvd(this RouteGroupBuilder sandboxes)
    {
        var port = sandboxes.MapGroup($"/{E2bTarget.EnvdPort}/{{id}}");
        port.MapGet("/health", HealthAsync).WithMetadata(DataAccess.Open);
        var files = port.MapGroup("/files").WithMetadata(new DataAccess(DataAccess.Kind.EnvdOrSignature), new DisableRequestDeadline(), new DisableRequestSizeLimit(), new AcceptGzip());
        files.MapGet("", (HttpContext context, SandboxId id, Caller caller, FilesEndpoint endpoint) => endpoint.ReadAsync(context, id, caller));
        files.MapPost("", async Task<JsonHttpResult<IReadOnlyList<WrittenFile>>> (HttpContext context, SandboxId id, Caller caller, FilesEndpoint endpoint) =>
            TypedResults.Json(await endpoint.WriteAsync(context, id, caller), FileMessageJson.Default.IReadOnlyListWrittenFile));
        var status = port.MapGroup("").WithMetadata(new DataAccess(DataAccess.Kind.Envd));
        status.MapGet("/metrics", (SandboxId id, Caller caller, SandboxStatus sandbox, CancellationToken token) => sandbox.GetMetricsAsync(id, caller, token));
        status.MapGet("/envs", (HttpContext context, SandboxId id, Caller caller, SandboxStatus sandbox, CancellationToken token) =>
            sandbox.GetEnvironmentAsync(id, caller, context.Features.GetRequiredFeature<SandboxAccess>().Home, token));
        var calls = port.MapGroup("").WithMetadata(new DataAccess(DataAccess.Kind.Envd), new ErrorForm(ErrorForm.Kind.Rpc));
        calls.MapGroup("/process.Process").MapProcesses();
        calls.MapGroup("/filesystem.Filesystem").MapFilesystem();
        calls.MapUnknownMethods();
        port.Map("/{**rest}", static IResult () => throw new E2bException(StatusCodes.Status404NotFound, "this URL does not exist")).WithMetadata(new DataAccess(DataAccess.Kind.Envd));
    }

    private static void MapProcesses(this RouteGroupBuilder service)
    {
        var json = ProcessJson.Default;
        service.MapServerStream("Start", json.StartMessage, static (ProcessService processes, RpcCall call, StartMessage message, ServerStream stream) => processes.StartAsync(call, message, stream));
        service.MapServerStream("Connect", json.ProcessMessage, static (ProcessService processes, RpcCall call, ProcessMessage message, ServerStream stream) => processes.ConnectAsync(call, message, stream));
        service.MapUnary("List", json.EmptyMessage, json.RunningProcesses, static (ProcessService processes, RpcCall call, EmptyMessage _) => processes.ListAsync(call));
        service.MapUnary("SendInput", json.SendInputMessage, json.EmptyMessage, static (ProcessService processes, RpcCall call, SendInputMessage message) => processes.SendInputAsync(call, message));
        service.MapUnary("CloseStdin", json.ProcessMessage, json.EmptyMessage, static (ProcessService processes, RpcCall call, ProcessMessage message) => processes.CloseStdinAsync(call, message));
        service.MapUnary("SendSignal", json.SendSignalMessage, json.EmptyMessage, static (ProcessService processes, RpcCall call, SendSignalMessage message) => processes.SendSignalAsync(call, message));
        service.MapUnary("Update", json.UpdateMessage, json.EmptyMessage, static (ProcessService processes, RpcCall call, UpdateMessage message) => processes.UpdateAsync(call, message));
    }

    private static void MapFilesystem(this RouteGroupBuilder service)
    {
        var (json, empty) = (FileMessageJson.Default, ProcessJson.Default.EmptyMessage);
        service.MapUnary("Stat", json.PathMessage, json.EntryMessage, static (FilesystemService files, RpcCall call, PathMessage message) => files.StatAsync(call, message));
        service.MapUnary("ListDir", json.ListDirMessage, json.EntriesMessage, static (FilesystemService files, RpcCall call, ListDirMessage message) => files.ListDirAsync(call, message));
        service.MapUnary("MakeDir", json.PathMessage, json.EntryMessage, static (FilesystemService files, RpcCall call, PathMessage message) => files.MakeDirAsync(call, message));
        service.MapUnary("Move", json.MoveMessage, json.EntryMessage, static (FilesystemService files, RpcCall call, MoveMessage message) => files.MoveAsync(call, message));
        service.MapUnary("Remove", json.PathMessage, empty, static (FilesystemService files, RpcCall call, PathMessage message) => files.RemoveAsync(call, message));
        service.MapServerStream("WatchDir", json.WatchDirMessage, static (WatcherService watchers, RpcCall call, WatchDirMessage message, ServerStream stream) => watchers.WatchAsync(call, message, stream));
        service.MapUnary("CreateWatcher", json.WatchDirMessage, json.WatcherMessage, static (WatcherService watchers, RpcCall call, WatchDirMessage message) => watchers.CreateAsync(call, message));
        service.MapUnary("GetWatcherEvents", json.WatcherMessage, json.WatcherEvents, static (WatcherService watchers, RpcCall call, WatcherMessage message) => watchers.ReadAsync(call, message));
        service.MapUnary("RemoveWatcher", json.WatcherMessage, empty, static (WatcherService watchers, RpcCall call, WatcherMessage message) => watchers.RemoveAsync(call, message));
    }

    private static async Task<NoContent> HealthAsync(SandboxId id, SandboxHealth health, CancellationToken cancellationToken)
    {
        await health.CheckAsync(id, cancellationToken);
        return TypedResults.NoContent();
    }
}
