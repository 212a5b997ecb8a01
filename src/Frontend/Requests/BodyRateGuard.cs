using Podflare.Http;
using Podflare.Problems;
using Podflare.Resilience;

namespace Podflare.Requests;

/// <summary>
/// Reads a body that holds something others wait for, and refuses one that arrives too slowly. Only the time in which the server waits for bytes
/// counts.
/// </summary>
internal sealed class BodyRateGuard(HttpOptions options, TimeProvider time)
{
    private readonly TimeSpan _grace = TimeSpan.FromSeconds(options.SlowBodySeconds);
    private TimeSpan _waited;
    private long _bytes;

    /// <exception cref="ProblemException">408: the body arrives too slowly.</exception>
    public async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var allowed = _grace + TimeSpan.FromSeconds((double)_bytes / options.MinLargeBodyBytesPerSecond) - _waited;
        using var limit = new TimeLimit(allowed > TimeSpan.Zero ? allowed : TimeSpan.Zero, time, cancellationToken);
        try
        {
            var read = await body.ReadAsync(buffer, limit.Token);
            _waited += time.GetElapsedTime(began);
            _bytes += read;
            return read;
        }
        catch (OperationCanceledException) when (limit.IsExceeded)
        {
            throw new ProblemException(ExceptionMapper.ForStatus(StatusCodes.Status408RequestTimeout) with
            {
                Error = $"the request body arrived with less than {options.MinLargeBodyBytesPerSecond} bytes per second",
            });
        }
    }
}
