using System.Net;
using System.Text;
using System.Text.Json;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.EndToEnd.Runs;

/// <summary>The routes of runs as a plain client uses them.</summary>
internal sealed class RunsApi(SandboxApi api, string sandbox)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private string Root => $"/v1/sandboxes/{sandbox}";

    /// <summary>Starts a run without reading it.</summary>
    public async Task<string> StartAsync(object body)
    {
        var run = await SendAsync(HttpMethod.Post, "/runs", body, HttpStatusCode.Created);
        return run.GetProperty("id").GetString()!;
    }

    public Task<JsonElement> GetAsync(string run) => SendAsync(HttpMethod.Get, $"/runs/{run}", null, HttpStatusCode.OK);

    /// <summary>Waits until a run is in a state.</summary>
    public Task WaitForStateAsync(string run, string state) =>
        Until.TrueAsync(async () => (await GetAsync(run)).GetProperty("state").GetString() == state, Limit, $"{run} is {state}");

    /// <summary>Calls a route, which must answer with a status.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, Root + path);
        if (body is not null) request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var response = await api.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The run; null while its worker is away.</summary>
    public async Task<JsonElement?> TryGetAsync(string run)
    {
        using var response = await api.Http.GetAsync(new Uri($"{Root}/runs/{run}", UriKind.Relative), TestContext.Current.CancellationToken);
        if (response.StatusCode is HttpStatusCode.ServiceUnavailable) return null;
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Calls a route, which may answer that the worker is away.</summary>
    public async Task<HttpStatusCode> TrySendAsync(string path, object body)
    {
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var response = await api.Http.PostAsync(new Uri(Root + path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode || response.StatusCode is HttpStatusCode.ServiceUnavailable, $"{(int)response.StatusCode}: {text}");
        return response.StatusCode;
    }

    /// <summary>Reads events after one until a condition holds, and then leaves.</summary>
    public async Task<List<SandboxEvent>> ReadUntilAsync(string run, long after, Func<List<SandboxEvent>, bool> isEnough)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        using var response = await OpenEventsAsync(run, after, limit.Token);
        var events = new List<SandboxEvent>();
        await foreach (var line in SandboxApi.LinesAsync(response, limit.Token))
        {
            events.Add(SandboxEvent.Parse(line));
            if (isEnough(events)) break;
        }

        return events;
    }

    // While a worker is away, its sandboxes answer 503, and a client asks again.
    private async Task<HttpResponseMessage> OpenEventsAsync(string run, long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            var response = await api.Http.GetAsync(new Uri($"{Root}/runs/{run}/events?after={after}&follow=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode) return response;
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            response.Dispose();
            Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)response.StatusCode}: {text}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>The bytes of a terminal's events.</summary>
    public static byte[] Terminal(IEnumerable<SandboxEvent> events) => [.. events.Where(e => e.Type == "pty").SelectMany(e => Convert.FromBase64String(e.Text!))];
}
