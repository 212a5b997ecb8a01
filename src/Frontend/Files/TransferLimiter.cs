using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>Bounds the files that are on their way through this process, each of which holds two chunks.</summary>
internal sealed class TransferLimiter(IOptions<HttpOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.Value.MaxFileTransfers);

    /// <exception cref="ProblemException">All places are taken.</exception>
    public Place Enter() =>
        _places.Wait(TimeSpan.Zero)
            ? new Place(_places)
            : throw new ProblemException(new Problem(429, "rate_limited", "too many files are on their way; repeat the request") { RetryAfter = 1 });

    public void Dispose() => _places.Dispose();

    /// <summary>Given back when it is disposed.</summary>
    internal readonly struct Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
