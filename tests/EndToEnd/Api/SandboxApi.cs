using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Api;

/// <summary>The HTTP API as a plain client sees it. Only creates and deletes are repeated, while the answer is 503.</summary>
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
        using var answer = await RepeatWhileUnavailableAsync(() => Http.PostAsJsonAsync("/v1/sandboxes", body ?? new { }));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        using var json = JsonDocument.Parse(text);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    public async Task DeleteAsync(string sandbox)
    {
        using var answer = await RepeatWhileUnavailableAsync(() => Http.DeleteAsync($"/v1/sandboxes/{sandbox}"));
        Assert.True(answer.StatusCode is HttpStatusCode.NoContent, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits until runs of this sandbox are accepted. A frontend is ready before the worker of each sandbox is back.</summary>
    public Task WaitUntilAcceptsRunsAsync(string sandbox) =>
        Until.TrueAsync(
            async () =>
            {
                using var answer = await StartAsync(sandbox, "pass");
                return answer.StatusCode is not HttpStatusCode.ServiceUnavailable;
            },
            TimeSpan.FromSeconds(60), $"{sandbox} accepts runs");

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

    // As a client does: a 503 is safe to repeat.
    private static async Task<HttpResponseMessage> RepeatWhileUnavailableAsync(Func<Task<HttpResponseMessage>> send)
    {
        for (var tries = 1; ; tries++)
        {
            var answer = await send();
            if (answer.StatusCode is not HttpStatusCode.ServiceUnavailable || tries == 60) return answer;
            answer.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        }
    }
}
