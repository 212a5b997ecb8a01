using Microsoft.Extensions.Options;

namespace Podflare.Http;

/// <summary>Endpoints that carry this set their own limits: streams, and whatever reads a body first.</summary>
internal sealed class DisableRequestDeadline;

/// <summary>Ends the work of every other request in time for the client to hear of it.</summary>
internal sealed class DeadlineMiddleware(RequestDelegate next, IOptions<HttpOptions> options, TimeProvider time)
{
    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<DisableRequestDeadline>() is null ? LimitAsync(context) : next(context);

    private async Task LimitAsync(HttpContext context)
    {
        var clientLeft = context.RequestAborted;
        using var deadline = new Deadline(options.Value.AnswerSeconds, time, clientLeft);
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
