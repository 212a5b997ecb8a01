using System.Buffers;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Resilience;

namespace Podflare.Requests;

/// <summary>Reads JSON bodies with bounded memory: small ones without a limit on their number, only a few large ones at a time.</summary>
internal sealed class JsonBodyReader(IOptions<HttpOptions> options, LargeBodyGate largeBodies, TimeProvider time)
{
    private const int InitialBytes = 4 * 1024;
    private const int LargeBytes = 1024 * 1024;

    /// <exception cref="ProblemException">The body is too large, arrives too slowly, or is not declared as JSON.</exception>
    public Task<JsonBody> ReadAsync(HttpContext context) => ReadAsync(context, options.Value.MaxBodyBytes);

    /// <param name="maxBytes">The largest body.</param>
    /// <inheritdoc cref="ReadAsync(HttpContext)"/>
    public async Task<JsonBody> ReadAsync(HttpContext context, int maxBytes)
    {
        UnsupportedMediaType.ThrowIfNotJson(context.Request);
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.BodySeconds), time, context.RequestAborted);
        try
        {
            return await ReadAsync(context, maxBytes, limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsExceeded)
        {
            throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status408RequestTimeout));
        }
    }

    private async Task<JsonBody> ReadAsync(HttpContext context, int maxBytes, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
        FairGate.Place? place = null;
        BodyRateGuard? guard = null;
        var body = context.Request.Body;
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= LargeBytes && place is null)
                    {
                        place = await largeBodies.EnterAsync(context, cancellationToken);
                        guard = new BodyRateGuard(options.Value, time);
                    }

                    buffer = Grow(buffer, length);
                }

                var rest = buffer.AsMemory(length);
                var read = guard is null ? await body.ReadAsync(rest, cancellationToken) : await guard.ReadAsync(body, rest, cancellationToken);
                if (read == 0) return new JsonBody(buffer, length, place);
                if (string.IsNullOrEmpty(context.Request.ContentType)) throw UnsupportedMediaType.Undeclared();
                length += read;
                if (length > maxBytes) throw new ProblemException(Problem.BodyTooLarge(maxBytes));
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            place?.Dispose();
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
}

internal static class RequestServices
{
    public static IServiceCollection AddRequests(this IServiceCollection services) => services.AddSingleton<LargeBodyGate>().AddSingleton<JsonBodyReader>().AddSingleton<JsonRequestHandler>();
}
