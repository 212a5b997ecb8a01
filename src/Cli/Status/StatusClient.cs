using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Status;

/// <summary>The status page's admin API. It is no part of the platform, so neither the platform's address nor its key is used.</summary>
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

    /// <summary>Posts; a repeat after a broken connection does not do it twice.</summary>
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
                throw new CliException($"Cannot reach the status page's admin API at {_http.BaseAddress}: {e.Message}")
                {
                    Advice = $"Does the status page run, and is this the address of its admin listener ({UrlVariable})?",
                };
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CliException($"The status page at {_http.BaseAddress} did not answer within {Limit.TotalSeconds} s.");
            }
        }
    }

    private static CliException Refused(HttpStatusCode status, JsonObject? answer) => status switch
    {
        HttpStatusCode.Unauthorized => new CliException("The status page refuses the token.")
        {
            Advice = $"Set {TokenVariable} to its admin token, or run this where the page's file admin-token can be read.",
        },
        _ when answer?["error"] is JsonValue error => new CliException($"The status page refuses: {error}."),
        _ => new CliException($"What answers is no admin API of a status page (status {(int)status}).")
        {
            Advice = $"Set {UrlVariable} to the address of its admin listener, which is not the public one.",
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
