using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Podflare.Webhooks;

/// <summary>Calls webhooks as Standard Webhooks 1.0.0 says: one signed attempt each. It follows no redirects and uses no proxy.</summary>
public sealed class WebhookCaller : IDisposable
{
    private const int MaxAnswerBytes = 64 * 1024;

    private readonly TimeSpan _timeout;
    private readonly HttpClient _http;

    public WebhookCaller(AddressGuard guard, WebhookCallOptions options)
    {
        _timeout = options.Timeout;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = guard.ConnectAsync,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = 16,
            // So that a name is resolved and checked again for each delivery.
            PooledConnectionLifetime = TimeSpan.FromSeconds(1),
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
    }

    /// <summary>Makes one attempt. Only a cancellation is thrown; every failure is an outcome.</summary>
    public async Task<WebhookAttempt> CallAsync(WebhookCall call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, call.Address) { Content = new StringContent(call.Body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", call.Id);
        request.Headers.Add("webhook-timestamp", call.At.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Sign(call.Id, call.At, call.Body, call.Secrets));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var answer = await ReadAsync(response, limit.Token);
            var status = (int)response.StatusCode;
            var result = WebhookRetryPolicy.Classify(status);
            if (result == WebhookResult.Success && call.ExpectedEcho is { } echo && !answer.Contains(echo, StringComparison.Ordinal))
                return new WebhookAttempt(WebhookResult.Failure, "no_echo", "the response does not contain the challenge");
            var retryAfter = response.Headers.RetryAfter;
            return new WebhookAttempt(result, status.ToString(CultureInfo.InvariantCulture), null, retryAfter?.Delta ?? retryAfter?.Date - call.At);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WebhookAttempt(WebhookResult.Failure, "timeout");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // The internal address behind a name, and what listens there, is not disclosed.
            var refused = e is AddressNotAllowedException || e.InnerException is AddressNotAllowedException;
            return new WebhookAttempt(WebhookResult.Failure, refused ? "address_refused" : "connect");
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswerBytes];
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }
}
