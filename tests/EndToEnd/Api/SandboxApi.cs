using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Podflare.EndToEnd.Api;

/// <summary>The HTTP API as a plain client sees it: no retries, nothing hidden.</summary>
public sealed class SandboxApi(Uri address) : IDisposable
{
    public HttpClient Http { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000 }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(120) };

    public Uri Address => address;

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync("/readyz");
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async Task<string> CreateAsync(object? body = null)
    {
        var (answer, text) = (await Http.PostAsJsonAsync("/v1/sandboxes", body ?? new { }), "");
        for (var tries = 0; answer.StatusCode is HttpStatusCode.ServiceUnavailable && tries < 40; tries++)
        {
            // As a client does: a 503 is safe to repeat.
            answer.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            answer = await Http.PostAsJsonAsync("/v1/sandboxes", body ?? new { });
        }

        using var last = answer;
        text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        using var json = JsonDocument.Parse(text);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    public async Task DeleteAsync(string sandbox)
    {
        using var answer = await Http.DeleteAsync($"/v1/sandboxes/{sandbox}");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    /// <summary>Starts a run; its events are still to be read.</summary>
    public async Task<HttpResponseMessage> StartAsync(string sandbox, string code, string language = "python", object? extra = null, string mount = "")
    {
        var body = JsonSerializer.SerializeToNode(extra ?? new { })!.AsObject();
        body["code"] = code;
        body["language"] = language;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{mount}/v1/sandboxes/{sandbox}/exec") { Content = JsonContent.Create(body) };
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task<RunResult> RunAsync(string sandbox, string code, string language = "python", object? extra = null)
    {
        using var answer = await StartAsync(sandbox, code, language, extra);
        Assert.True(answer.IsSuccessStatusCode, answer.IsSuccessStatusCode ? "" : await answer.Content.ReadAsStringAsync());
        var lines = new List<string>();
        await foreach (var line in LinesAsync(answer)) lines.Add(line);
        return new RunResult(answer.Headers.GetValues("Podflare-Run-Id").Single(), [.. lines.Select(SandboxEvent.Parse)], lines);
    }

    public static async IAsyncEnumerable<string> LinesAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line) yield return line;
    }

    public async Task<string> ReadEventsAsync(string sandbox, string run, long after = 0, bool follow = false) =>
        await Http.GetStringAsync($"/v1/sandboxes/{sandbox}/runs/{run}/events?after={after}&follow={(follow ? "true" : "false")}");

    public void Dispose() => Http.Dispose();
}
