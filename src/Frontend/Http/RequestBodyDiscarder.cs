using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Podflare.Resilience;

namespace Podflare.Http;

/// <summary>Reads and discards what is left of a request body after the answer to it.</summary>
/// <remarks>
/// A client that is still sending when its connection closes sees a broken network instead of the answer: many clients send the whole
/// body before they read. How much is discarded, and for how long, is bounded.
/// </remarks>
internal sealed class RequestBodyDiscarder(IOptions<HttpOptions> options, TimeProvider time)
{
    private const int BufferBytes = 64 * 1024;

    public async Task DiscardAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } || IsWaitingForContinue(context.Request)) return;
        using var deadline = new TimeLimit(TimeSpan.FromSeconds(options.Value.DiscardSeconds), time, context.RequestAborted);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var left = options.Value.MaxDiscardBytes;
            while (left > 0 && await context.Request.Body.ReadAsync(buffer, deadline.Token) is var read and > 0) left -= read;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left, is too slow, or sends what is not HTTP. It has the answer already.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Reading would ask such a client to send what nobody wants. Once it was asked, the length of its body is known to be within the limit.
    private static bool IsWaitingForContinue(HttpRequest request) => request.Headers.Expect.Count > 0;
}
