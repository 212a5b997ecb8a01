using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>Endpoint metadata: the body is a stream of bytes that the endpoint limits itself.</summary>
internal sealed class DisableRequestSizeLimit;

/// <summary>Refuses request bodies that are compressed or announce more bytes than the limit, before they are read.</summary>
internal sealed class RequestBodyMiddleware(RequestDelegate next, IOptions<HttpOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }) Check(context);
        return next(context);
    }

    private void Check(HttpContext context)
    {
        var request = context.Request;
        var encodings = request.Headers.ContentEncoding.SelectMany(header => header?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []);
        if (encodings.FirstOrDefault(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)) is { } encoding)
            throw UnsupportedMediaType.ContentEncoding(encoding);
        if (request.ContentLength > options.Value.MaxBodyBytes && context.GetEndpoint()?.Metadata.GetMetadata<DisableRequestSizeLimit>() is null)
            throw new ProblemException(Problem.BodyTooLarge(options.Value.MaxBodyBytes));
    }
}
