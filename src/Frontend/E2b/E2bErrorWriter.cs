using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Podflare.Limits;
using Podflare.Problems;

namespace Podflare.E2b;

/// <summary>Endpoint metadata: the form of its errors. Without it they are those of the control plane and the file service.</summary>
internal sealed record ErrorForm(ErrorForm.Kind Is)
{
    internal enum Kind
    {
        /// <summary>Remote procedure calls: a word and a text as JSON.</summary>
        Rpc,

        /// <summary>The code interpreter: the text alone.</summary>
        Text,
    }
}

/// <summary>Writes problems in the form that the client of the route expects.</summary>
internal sealed class E2bErrorWriter : IProblemFormat
{
    public async Task WriteAsync(HttpContext context, Problem problem, Exception? cause)
    {
        var target = context.Features.Get<E2bTarget>()!;
        context.Response.Headers.CacheControl = "no-store";
        if (problem.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (!target.IsControl && E2bErrorMapper.IsGone(problem))
        {
            await WriteGoneAsync(context, target);
            return;
        }

        switch (context.GetEndpoint()?.Metadata.GetMetadata<ErrorForm>()?.Is)
        {
            case ErrorForm.Kind.Rpc:
                var rpc = E2bErrorMapper.ToRpc(problem, cause);
                await WriteAsync(context, E2bErrorMapper.StatusOf(rpc.Code), rpc, E2bErrorJson.Default.RpcError);
                break;
            case ErrorForm.Kind.Text:
                var error = E2bErrorMapper.ToError(problem, cause);
                await WriteAsync(context, error.Code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(error.Message));
                break;
            default:
                var json = E2bErrorMapper.ToError(problem, cause);
                if (problem.Code == "internal" && cause is not E2bException && context.GetEndpoint()?.Metadata.GetMetadata<LimitCreates>() is not null) json = json with { ErrorCode = "sandbox_create_failed" };
                await WriteAsync(context, json.Code, json, E2bErrorJson.Default.E2bError);
                break;
        }
    }

    public static Task WriteGoneAsync(HttpContext context, E2bTarget target) => WriteProxyErrorAsync(context, new ProxyError(target.ShownId, "The sandbox was not found", null, StatusCodes.Status502BadGateway));

    public static Task WriteProxyErrorAsync(HttpContext context, ProxyError error) => WriteAsync(context, error.Code, error, E2bErrorJson.Default.ProxyError);

    private static Task WriteAsync<T>(HttpContext context, int status, T body, JsonTypeInfo<T> type) => WriteAsync(context, status, "application/json", JsonSerializer.SerializeToUtf8Bytes(body, type));

    private static async Task WriteAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
