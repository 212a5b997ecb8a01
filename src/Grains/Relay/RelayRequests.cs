using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace Podflare.Relay;

/// <summary>Sends one OTLP request, and tells whether it may be sent again.</summary>
internal sealed class RelayRequests(IOptions<RelayOptions> options, TimeProvider time) : IDisposable
{
    // Redirects could lead headers with keys elsewhere; and a request is no part of whatever trace is current.
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = 64 * 1024,
    };

    /// <summary>Never throws, unless it is cancelled.</summary>
    public async Task<RelayAnswer> SendAsync(OtlpDestination destination, IEnumerable<byte[]> bodies, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.ForwardTimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Address) { Content = Compress(bodies) };
        foreach (var (name, value) in destination.Headers) request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode) return new RelayAnswer(IsTaken: true, IsFinal: true, null, "");
            var passes = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
            return new RelayAnswer(IsTaken: false, IsFinal: !passes, PauseOf(response.Headers.RetryAfter), $"status {(int)response.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            var what = e is HttpRequestException { HttpRequestError: var error } ? error.ToString() : timeout.IsCancellationRequested ? "no answer in time" : e.GetType().Name;
            return new RelayAnswer(IsTaken: false, IsFinal: false, null, what);
        }
    }

    public void Dispose() => _client.Dispose();

    private static ByteArrayContent Compress(IEnumerable<byte[]> bodies)
    {
        var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var body in bodies) gzip.Write(body);
        }

        var content = new ByteArrayContent(buffer.GetBuffer(), 0, (int)buffer.Length);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        content.Headers.ContentEncoding.Add("gzip");
        return content;
    }

    private TimeSpan? PauseOf(RetryConditionHeaderValue? wanted)
    {
        var pause = wanted?.Delta ?? wanted?.Date - time.GetUtcNow();
        return pause is { } given && given > TimeSpan.Zero ? given : null;
    }
}

/// <param name="IsFinal">It is not to be sent again.</param>
/// <param name="Pause">What the endpoint wants to be waited before the next request.</param>
/// <param name="What">What was wrong, for the log.</param>
internal sealed record RelayAnswer(bool IsTaken, bool IsFinal, TimeSpan? Pause, string What);
