using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Podflare.Webhooks;

namespace Podflare.Destinations;

/// <summary>Sends one OTLP request, and reports whether it may be sent again.</summary>
/// <param name="guard">Which addresses are allowed; null for those of the configuration, which may be any.</param>
internal sealed class OtlpRequests(TimeSpan limit, TimeProvider time, AddressGuard? guard = null) : IDisposable
{
    private readonly HttpClient _client = new(CreateHandler(guard)) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 64 * 1024 };

    // So that a name is resolved and checked again from time to time.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(1);

    /// <summary>Never throws, unless it is cancelled.</summary>
    public async Task<OtlpAnswer> SendAsync(OtlpDestination destination, IEnumerable<byte[]> bodies, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, destination.Address) { Content = Compress(bodies) };
        foreach (var (name, value) in destination.Headers) request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode) return new OtlpAnswer(IsTaken: true, IsFinal: true, null, StatusOf(response));
            var passes = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
            return new OtlpAnswer(IsTaken: false, IsFinal: !passes, PauseOf(response.Headers.RetryAfter), StatusOf(response));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // What listens at an internal address is not disclosed.
            if (e is AddressNotAllowedException || e.InnerException is AddressNotAllowedException) return new OtlpAnswer(IsTaken: false, IsFinal: true, null, "address_refused");
            return new OtlpAnswer(IsTaken: false, IsFinal: false, null, timeout.IsCancellationRequested ? "timeout" : "connect");
        }
    }

    public void Dispose() => _client.Dispose();

    private static SocketsHttpHandler CreateHandler(AddressGuard? guard)
    {
        // Redirects could lead headers with keys elsewhere; and a request is no part of whatever trace is current.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator() };
        if (guard is null) return handler;
        (handler.ConnectCallback, handler.UseProxy, handler.PooledConnectionLifetime) = (guard.ConnectAsync, false, ConnectionLifetime);
        return handler;
    }

    private static string StatusOf(HttpResponseMessage response) => ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);

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
/// <param name="Outcome">The status code, or <c>timeout</c>, <c>connect</c> or <c>address_refused</c>.</param>
internal sealed record OtlpAnswer(bool IsTaken, bool IsFinal, TimeSpan? Pause, string Outcome);
