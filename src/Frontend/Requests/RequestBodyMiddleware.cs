using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>Endpoint metadata: the body is a stream of bytes that the endpoint limits itself.</summary>
internal sealed class DisableRequestSizeLimit;

/// <summary>Endpoint metadata: the endpoint reads bodies that are compressed with gzip.</summary>
internal sealed class AcceptGzip;

/// <summary>Refuses request bodies that are compressed or announce more bytes than the limit, before they are read.</summary>
internal sealed class RequestBodyMiddleware(RequestDelegate next, IOptions<HttpOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }) Check(context);
        return next(context);
    }

    /// <summary>The encodings of a body, without <c>identity</c>.</summary>
    public static IEnumerable<string> EncodingsOf(HttpRequest request) =>
        request.Headers.ContentEncoding.SelectMany(header => header?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
            .Where(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase));

    private void Check(HttpContext context)
    {
        var (request, metadata) = (context.Request, context.GetEndpoint()?.Metadata);
        string[] encodings = [.. EncodingsOf(request)];
        var isAccepted = encodings is [] || (encodings is [var only] && only.Equals("gzip", StringComparison.OrdinalIgnoreCase) && metadata?.GetMetadata<AcceptGzip>() is not null);
        if (!isAccepted) throw UnsupportedMediaType.ContentEncoding(encodings[0]);
        if (request.ContentLength > options.Value.MaxBodyBytes && metadata?.GetMetadata<DisableRequestSizeLimit>() is null)
            throw new ProblemException(Problem.BodyTooLarge(options.Value.MaxBodyBytes));
    }
}
