using Microsoft.Extensions.Options;
using Podflare.Resilience;

namespace Podflare.Http;

/// <summary>Endpoint metadata: the endpoint has its own time limits, as streams and requests with a body do.</summary>
internal sealed class DisableRequestDeadline;

/// <summary>Cancels every other request early enough for the client to receive an answer.</summary>
internal sealed class DeadlineMiddleware(RequestDelegate next, IOptions<HttpOptions> options, TimeProvider time)
{
    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<DisableRequestDeadline>() is null ? LimitAsync(context) : next(context);

    private async Task LimitAsync(HttpContext context)
    {
        var clientLeft = context.RequestAborted;
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, clientLeft);
        context.RequestAborted = deadline.Token;
        try
        {
            await next(context);
        }
        finally
        {
            context.RequestAborted = clientLeft;
        }
    }
}
