using System.Buffers;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Requests;

/// <summary>Reads JSON bodies with bounded memory: small ones freely, large ones a few at a time.</summary>
internal sealed class JsonBodyReader(IOptions<HttpOptions> options, TimeProvider time) : IDisposable
{
    private const int Start = 4 * 1024;
    private const int Large = 1024 * 1024;
    private readonly SemaphoreSlim _places = new(options.Value.MaxLargeBodies);

    /// <exception cref="BadHttpRequestException">Too large, too slow, or not declared as JSON.</exception>
    public async Task<JsonBody> ReadAsync(HttpContext context)
    {
        EnsureJson(context.Request);
        using var limit = new Deadline(options.Value.BodySeconds, time, context.RequestAborted);
        try
        {
            return await ReadAsync(context.Request, limit.Token);
        }
        catch (OperationCanceledException) when (limit.Passed)
        {
            throw new BadHttpRequestException("The body took too long.", StatusCodes.Status408RequestTimeout);
        }
    }

    private async Task<JsonBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Start);
        SemaphoreSlim? place = null;
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= Large && place is null)
                    {
                        await _places.WaitAsync(cancellationToken);
                        place = _places;
                    }

                    buffer = Grow(buffer, length);
                }

                var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0) return new JsonBody(buffer, length, place);
                length += read;
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            place?.Release();
            throw;
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        // By the bytes that came, not by the length that was announced: an announcement costs an attacker nothing.
        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static void EnsureJson(HttpRequest request)
    {
        if (request.ContentType is not { Length: > 0 } text) return;
        if (!MediaTypeHeaderValue.TryParse(text, out var type) || !IsJson(type) || type.Charset.HasValue && type.Encoding?.CodePage != 65001)
            throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status415UnsupportedMediaType));
    }

    private static bool IsJson(MediaTypeHeaderValue type) =>
        type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase);

    public void Dispose() => _places.Dispose();
}

internal static class RequestServices
{
    public static IServiceCollection AddRequests(this IServiceCollection services) => services.AddSingleton<JsonBodyReader>();
}
