using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Resilience;

namespace Podflare.Requests;

/// <summary>Parses a body.</summary>
internal delegate T BodyParser<out T>(ReadOnlySpan<byte> utf8);

/// <summary>Handles requests with a small JSON body: reads and parses it, and then calls a grain within the time for an answer.</summary>
/// <remarks>Its endpoints have <see cref="DisableRequestDeadline"/>, because the body has a time limit of its own.</remarks>
internal sealed class JsonRequestHandler(JsonBodyReader bodies, IOptions<HttpOptions> options, TimeProvider time)
{
    /// <summary>The call is repeated when its silo was lost, so it must be safe to repeat.</summary>
    public Task<TResult> HandleAsync<TRequest, TResult>(HttpContext context, BodyParser<TRequest> parse, Func<TRequest, CancellationToken, Task<TResult>> call) =>
        HandleOnceAsync(context, parse, (request, token) => GrainCallRetry.RetryLostAsync(() => call(request, token), time, token));

    /// <summary>The call is made once. When its answer is lost, the caller of the API gets 503 and does not know whether it took effect.</summary>
    public async Task<TResult> HandleOnceAsync<TRequest, TResult>(HttpContext context, BodyParser<TRequest> parse, Func<TRequest, CancellationToken, Task<TResult>> call)
    {
        TRequest request;
        using (var body = await bodies.ReadAsync(context)) request = parse(body.Utf8);
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.AnswerSeconds), time, context.RequestAborted);
        return await call(request, deadline.Token).WaitAsync(deadline.Token);
    }
}
