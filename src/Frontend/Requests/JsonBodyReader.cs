using System.Buffers;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Resilience;

namespace Podflare.Requests;

/// <summary>Reads JSON bodies with bounded memory: small ones without a limit on their number, only a few large ones at a time.</summary>
internal sealed class JsonBodyReader(IOptions<HttpOptions> options, TimeProvider time) : IDisposable
{
    private const int InitialBytes = 4 * 1024;
    private const int LargeBytes = 1024 * 1024;
    private readonly SemaphoreSlim _largeBodies = new(options.Value.MaxLargeBodies);

    /// <exception cref="ProblemException">The body is too large, arrives too slowly, or is not declared as JSON.</exception>
    public async Task<JsonBody> ReadAsync(HttpContext context)
    {
        UnsupportedMediaType.ThrowIfNotJson(context.Request);
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.BodySeconds), time, context.RequestAborted);
        try
        {
            return await ReadAsync(context.Request, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsExceeded)
        {
            throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status408RequestTimeout));
        }
    }

    private async Task<JsonBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
        SemaphoreSlim? place = null;
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= LargeBytes && place is null)
                    {
                        await _largeBodies.WaitAsync(cancellationToken);
                        place = _largeBodies;
                    }

                    buffer = Grow(buffer, length);
                }

                var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0) return new JsonBody(buffer, length, place);
                if (string.IsNullOrEmpty(request.ContentType)) throw UnsupportedMediaType.Undeclared();
                length += read;
                if (length > options.Value.MaxBodyBytes) throw new ProblemException(Problem.BodyTooLarge(options.Value.MaxBodyBytes));
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
        // The buffer grows with the bytes that arrive, not with the announced length: announcing a length costs an attacker nothing.
        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    public void Dispose() => _largeBodies.Dispose();
}

internal static class RequestServices
{
    public static IServiceCollection AddRequests(this IServiceCollection services) => services.AddSingleton<JsonBodyReader>().AddSingleton<JsonRequestHandler>();
}
