using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Requests;

namespace Podflare.Mcp;

/// <summary>What every request of an MCP client passes: the limit of its body, and the stream of its answer.</summary>
internal sealed class McpRequestHandler(JsonBodyReader bodies, OpenStreams streams, IOptions<McpOptions> options, TimeProvider time)
{
    private static readonly AsyncLocal<HttpContext?> Ambient = new();

    /// <summary>The request that the current call came with.</summary>
    public static HttpContext Current => Ambient.Value ?? throw new InvalidOperationException("This is not a call of an MCP client.");

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        streams.ThrowIfDraining();
        // Kept until the answer, as what the SDK has parsed of it is, so that the limit for large bodies bounds both.
        using var body = HttpMethods.IsPost(context.Request.Method) ? await bodies.ReadAsync(context, options.Value.MaxBodyBytes) : null;
        if (body is not null) context.Request.Body = body.ToStream();
        using var open = streams.Track(context);
        var plain = context.Response.Body;
        await using var answer = new SseKeepAliveStream(plain, context.Response, TimeSpan.FromSeconds(options.Value.KeepAliveSeconds), time);
        context.Response.Body = answer;
        Ambient.Value = context;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = plain;
        }
    }
}
