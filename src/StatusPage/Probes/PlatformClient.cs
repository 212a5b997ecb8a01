using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare.Probes;

/// <summary>The calls of the public API that probes make, without retries, redirects or a proxy.</summary>
internal sealed class PlatformClient : IDisposable
{
    private const int MaxLines = 100;

    private readonly HttpClient _http;

    public PlatformClient(Uri address, string? key)
    {
        // A connection that is kept open would hide that new clients cannot connect.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1) })
        {
            BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/"),
            MaxResponseContentBufferSize = 1024 * 1024,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("podflare-status/1");
        if (!string.IsNullOrEmpty(key)) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public async Task ReadyAsync(bool alsoHealthz, CancellationToken cancellationToken)
    {
        if (alsoHealthz)
        {
            using var health = await SendAsync(HttpMethod.Get, "v1/healthz", null, cancellationToken);
            if ((await health.Content.ReadAsStringAsync(cancellationToken)).Trim() != "ok") throw new ProbeException("wrong_output");
        }

        using var ready = await SendAsync(HttpMethod.Get, "readyz", null, cancellationToken);
    }

    public async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        var body = new { timeout_seconds = 60, metadata = new Dictionary<string, string> { ["purpose"] = "probe" } };
        using var response = await SendAsync(HttpMethod.Post, "v1/sandboxes", body, cancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<CreateAnswer>(cancellationToken);
        return answer?.Id is { Length: > 0 } id ? id : throw new ProbeException("wrong_output");
    }

    /// <summary>Starts a run and returns the response with its events still unread.</summary>
    public Task<HttpResponseMessage> ExecAsync(string sandbox, string code, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"v1/sandboxes/{sandbox}/exec", new { code, language = "python" }, cancellationToken);

    public Task<HttpResponseMessage> EventsAsync(string sandbox, string run, long after, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"v1/sandboxes/{sandbox}/runs/{run}/events?after={after}&follow=true", null, cancellationToken);

    public static async IAsyncEnumerable<RunEvent> ReadAsync(
        HttpResponseMessage response, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        for (var i = 0; i < MaxLines; i++)
        {
            if (await reader.ReadLineAsync(cancellationToken) is not { } line) yield break;
            if (line.Length == 0) continue;
            yield return JsonSerializer.Deserialize<RunEvent>(line) ?? throw new ProbeException("wrong_output");
        }
    }

    public async Task DeleteAsync(string sandbox, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, $"v1/sandboxes/{sandbox}", null, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = JsonContent.Create(body);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            throw new ProbeException(await CauseAsync(response, cancellationToken));
        }
    }

    private static async Task<string> CauseAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests:
                return ProbeException.KeyRejected;
            case HttpStatusCode.ServiceUnavailable:
                var text = await response.Content.ReadAsStringAsync(cancellationToken);
                return text.Contains("\"no_capacity\"", StringComparison.Ordinal) ? "no_capacity" : "http_5xx";
            case >= HttpStatusCode.InternalServerError:
                return "http_5xx";
            default:
                return "wrong_output";
        }
    }

    private sealed record CreateAnswer([property: JsonPropertyName("id")] string? Id);
}

/// <summary>One event of a run.</summary>
internal sealed record RunEvent(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("data")] JsonElement Data,
    [property: JsonPropertyName("seq")] long Seq);

/// <summary>A probe did not get the expected response.</summary>
internal sealed class ProbeException(string cause) : Exception(cause)
{
    /// <summary>The platform rejects our API key, which says nothing about other clients.</summary>
    public const string KeyRejected = "our_key";

    public string Cause { get; } = cause;
}
