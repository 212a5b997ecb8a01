using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>Limits the file transfers of this process. Each holds two chunks in memory.</summary>
internal sealed class TransferLimiter(IOptions<HttpOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.Value.MaxFileTransfers);

    /// <exception cref="ProblemException">429: the limit is reached.</exception>
    public Place Enter() =>
        _places.Wait(TimeSpan.Zero)
            ? new Place(_places)
            : throw new ProblemException(new Problem(429, "rate_limited", "the server has too many file transfers in progress; retry the request") { RetryAfter = 1 });

    public void Dispose() => _places.Dispose();

    /// <summary>A place that is released when it is disposed.</summary>
    internal readonly struct Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
