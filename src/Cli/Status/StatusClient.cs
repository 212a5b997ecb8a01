using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podflare.Status;

/// <summary>The status page's admin API, as the commands need it.</summary>
/// <remarks><c>PODFLARE_STATUS_ADMIN_URL</c> (default http://127.0.0.1:7072) and <c>PODFLARE_STATUS_ADMIN_TOKEN</c>, or the token file of a page on this machine.</remarks>
internal sealed class StatusClient : IDisposable
{
    private const int Attempts = 3;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        BaseAddress = new Uri(Environment.GetEnvironmentVariable("PODFLARE_STATUS_ADMIN_URL") is { Length: > 0 } url ? url : "http://127.0.0.1:7072"),
        Timeout = Limit,
    };

    public StatusClient()
    {
        if (Token() is { Length: > 0 } token) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
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
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
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
                if (response.IsSuccessStatusCode && answer is not null) return answer;
                throw new StatusException(answer?["error"]?.ToString() ?? $"the status page answered {(int)response.StatusCode}");
            }
            catch (HttpRequestException) when (attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromSeconds(attempt), TimeProvider.System, cancellationToken);
            }
            catch (HttpRequestException e)
            {
                throw new StatusException($"cannot reach the status page at {_http.BaseAddress}: {e.Message}");
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new StatusException($"the status page at {_http.BaseAddress} did not answer within {Limit.TotalSeconds} s");
            }
        }
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static string? Token()
    {
        if (Environment.GetEnvironmentVariable("PODFLARE_STATUS_ADMIN_TOKEN") is { Length: > 0 } token) return token;
        var folder = Environment.GetEnvironmentVariable("Status__Folder") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "podflare", "status");
        var file = Path.Combine(folder, "admin-token");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}

/// <summary>What the person at the terminal reads.</summary>
internal sealed class StatusException(string message) : Exception(message);
