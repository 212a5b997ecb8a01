using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Connect;

/// <summary>Maps methods of services as the Connect protocol has them, with JSON.</summary>
internal static class ConnectEndpoints
{
    /// <summary>A method with one answer.</summary>
    public static void MapUnary<TService, TRequest, TResponse>(
        this RouteGroupBuilder service, string method, JsonTypeInfo<TRequest> request, JsonTypeInfo<TResponse> response, Func<TService, RpcCall, TRequest, Task<TResponse>> handler)
        where TService : notnull
    {
        service.MapPost($"/{method}", async Task<JsonHttpResult<TResponse>> (HttpContext context, SandboxId id, Caller caller) =>
        {
            var call = RpcCall.Of(context, id, caller);
            TRequest message;
            using (var body = await Get<JsonBodyReader>(context).ReadAsync(context)) message = RpcMessage.Parse(body.Utf8, request, MaxBytes(context));
            return TypedResults.Json(await handler(Get<TService>(context), call, message), response);
        });
    }

    /// <summary>
    /// A method that is answered with a stream. Its status is always 200, and its last message says how it ended. When the sandbox ends meanwhile, the
    /// connection is aborted instead: clients then ask whether it still runs.
    /// </summary>
    public static void MapServerStream<TService, TRequest>(
        this RouteGroupBuilder service, string method, JsonTypeInfo<TRequest> request, Func<TService, RpcCall, TRequest, ServerStream, Task> handler)
        where TService : notnull
    {
        service.MapPost($"/{method}", async Task (HttpContext context, SandboxId id, Caller caller) =>
        {
            var streams = Get<OpenStreams>(context);
            streams.ThrowIfDraining();
            var stream = new ServerStream(context, Get<IOptions<E2bOptions>>(context).Value.DefaultPingSeconds, Get<TimeProvider>(context));
            try
            {
                var call = RpcCall.Of(context, id, caller);
                TRequest message;
                using (var body = await Get<JsonBodyReader>(context).ReadAsync(context)) message = RpcMessage.Parse(RpcMessage.Open(body.Utf8, MaxBytes(context)), request, MaxBytes(context));
                using var open = streams.Track(context);
                await handler(Get<TService>(context), call, message, stream);
                await stream.EndAsync(null);
            }
            catch (Exception e) when (!context.RequestAborted.IsCancellationRequested && IsAnswer(e))
            {
                await stream.EndAsync(E2bErrorMapper.ToRpc(ExceptionMapper.ToProblem(e), e));
            }
        }).WithMetadata(new DisableRequestDeadline());
    }

    /// <summary>Answers methods that do not exist: clients cannot read a plain 404.</summary>
    public static void MapUnknownMethods(this RouteGroupBuilder port) => port.MapPost("/{service}/{method}", async Task (HttpContext context, string service, string method) =>
    {
        var error = new RpcException("unimplemented", $"there is no method {service}/{method}");
        if (context.Request.ContentType?.StartsWith("application/connect+", StringComparison.OrdinalIgnoreCase) != true) throw error;
        await new ServerStream(context, Get<IOptions<E2bOptions>>(context).Value.DefaultPingSeconds, Get<TimeProvider>(context)).EndAsync(error.Error);
    });

    // What is wrong with the server itself is logged by the middleware, and a sandbox that is gone has an answer of its own.
    private static bool IsAnswer(Exception e) => ExceptionMapper.ToProblem(e) is var problem && problem.Code != "internal" && !E2bErrorMapper.IsGone(problem);

    private static T Get<T>(HttpContext context)
        where T : notnull => context.RequestServices.GetRequiredService<T>();

    private static int MaxBytes(HttpContext context) => Get<IOptions<E2bOptions>>(context).Value.MaxMessageBytes;
}
