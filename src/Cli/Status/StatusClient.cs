using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Status;

/// <summary>The status page's admin API. It does not belong to the sandbox service, so neither that service's address nor its key is used.</summary>
internal sealed class StatusClient : IDisposable
{
    public const string UrlVariable = "PODFLARE_STATUS_ADMIN_URL";
    public const string TokenVariable = "PODFLARE_STATUS_ADMIN_TOKEN";
    public const string DefaultUrl = "http://127.0.0.1:7072";

    private const int Attempts = 3;
    private const long MaxAnswerBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    public StatusClient(Uri address, string? token, TimeProvider time)
    {
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !address.IsLoopback })
        {
            BaseAddress = address,
            Timeout = Limit,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        if (token is { Length: > 0 }) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Task<JsonObject> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(() => new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>Sends a POST request. A retry after a lost connection has no second effect.</summary>
    public Task<JsonObject> PostAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        var key = Guid.NewGuid().ToString("N");
        return SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
                request.Headers.Add("Idempotency-Key", key);
                return request;
            },
            cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonObject> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = make();
                using var response = await _http.SendAsync(request, cancellationToken);
                var answer = Parse(await response.Content.ReadAsStringAsync(cancellationToken));
                return response.IsSuccessStatusCode && answer is not null ? answer : throw Refused(response.StatusCode, answer);
            }
            catch (HttpRequestException) when (attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromSeconds(attempt), _time, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                throw new CliException($"Cannot connect to the status page's admin API at {Authority}: {e.InnerException?.Message ?? e.Message}.")
                {
                    Advice = $"Start the status page, or set the address of its admin API with --admin-url or {UrlVariable}.",
                };
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CliException($"The status page's admin API at {Authority} did not answer within {Limit.TotalSeconds} s.");
            }
        }
    }

    private string Authority => _http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    private CliException Refused(HttpStatusCode status, JsonObject? answer) => status switch
    {
        HttpStatusCode.Unauthorized => new CliException(
            _http.DefaultRequestHeaders.Authorization is null ? "The status page requires its admin token." : "The status page does not accept this admin token.")
        {
            Advice = $"Set {TokenVariable} to the token in the page's file admin-token, or run this command where that file can be read.",
        },
        _ when answer?["error"] is JsonValue error => new CliException($"The status page rejected the request: {error}."),
        _ => new CliException($"The service at {Authority} is not the admin API of a status page (HTTP status {(int)status}).")
        {
            Advice = $"Use --admin-url or {UrlVariable} to set the address of the admin API. It differs from the address of the public page.",
        },
    };

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
