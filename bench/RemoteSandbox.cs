using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Podflare.Bench;

/// <summary>A sandbox of a running service, used as any client would.</summary>
internal sealed class RemoteSandbox : IAsyncDisposable
{
    private const int BulkBytes = 100_000_000;

    private readonly HttpClient _http;
    private readonly string _id;

    private RemoteSandbox(HttpClient http, string id) => (_http, _id) = (http, id);

    public static async Task<RemoteSandbox> CreateAsync(Uri address)
    {
        var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        using var answer = await http.PostAsJsonAsync("/v1/sandboxes", new { });
        answer.EnsureSuccessStatusCode();
        var sandbox = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return new RemoteSandbox(http, sandbox.GetProperty("id").GetString()!);
    }

    public async Task PrintAsync() => Expect(await RunAsync("print(1)"), events: 2);

    /// <summary>An answer on the same connection that no sandbox has a part in.</summary>
    public async Task HealthAsync()
    {
        using var answer = await _http.GetAsync("/v1/healthz");
        await answer.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null);
    }

    public async Task LinesAsync() => Expect(await RunAsync("for i in range(1000000): print(i)"), events: 1_000_001);

    public async Task BulkAsync() =>
        await RunAsync($"import sys\nfor i in range(100): sys.stdout.write('x' * {BulkBytes / 100})");

    /// <summary>From the moment at which the program prints to the moment at which the line is here; one clock serves both.</summary>
    public async Task<Sample> EventLatencyAsync(int events)
    {
        var code = $"import time\nfor i in range({events}):\n    time.sleep(0.004)\n    print(time.time_ns())";
        using var answer = await PostAsync(code);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var took = new List<double>();
        while (await reader.ReadLineAsync() is { } line)
        {
            var now = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("type").GetString() != "stdout") continue;
            took.Add((now - long.Parse(json.RootElement.GetProperty("data").GetString()!.Trim(), null)) / 1e6);
        }

        return new Sample(took.Skip(50));
    }

    /// <summary>Calls of a tool that are answered as soon as they are read, as the code measures them.</summary>
    public async Task<Sample> ToolCallsAsync(int times)
    {
        var took = new List<double>();
        while (took.Count < times) took.AddRange(await ToolRunAsync());
        return new Sample(took.Take(times));
    }

    public async ValueTask DisposeAsync()
    {
        using var answer = await _http.DeleteAsync($"/v1/sandboxes/{_id}");
        answer.EnsureSuccessStatusCode();
        _http.Dispose();
    }

    private async Task<double[]> ToolRunAsync()
    {
        // A run may call 100 times.
        const string Code = "import time\ntook = []\nfor n in range(90):\n    began = time.perf_counter_ns()\n    tools.echo(n=n)\n    took.append((time.perf_counter_ns() - began) / 1e6)\nprint(took)";
        using var answer = await PostAsync(new { code = Code, language = "python", tools = new[] { new { name = "echo" } } });
        var path = $"/v1/sandboxes/{_id}/runs/{answer.Headers.GetValues("Podflare-Run-Id").Single()}/tool_results";
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var took = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            using var json = JsonDocument.Parse(line);
            var data = json.RootElement.GetProperty("data");
            switch (json.RootElement.GetProperty("type").GetString())
            {
                case "tool_request":
                    using (var taken = await _http.PostAsJsonAsync(path, new { results = new[] { new { call_id = data.GetProperty("call_id").GetString(), content = 1 } } })) taken.EnsureSuccessStatusCode();
                    break;
                case "stdout":
                    took += data.GetString();
                    break;
            }
        }

        return JsonSerializer.Deserialize<double[]>(took)!;
    }

    private Task<HttpResponseMessage> PostAsync(string code) => PostAsync(new { code, language = "python" });

    private async Task<HttpResponseMessage> PostAsync(object body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/sandboxes/{_id}/exec") { Content = JsonContent.Create(body) };
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw new HttpRequestException($"The run was refused with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    /// <returns>The number of events, once the stream has ended with an exit of 0.</returns>
    private async Task<int> RunAsync(string code)
    {
        using var answer = await PostAsync(code);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 20];
        var tail = "";
        var lines = 0;
        for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
        {
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
            tail = (tail + Encoding.UTF8.GetString(buffer, Math.Max(0, read - 200), Math.Min(read, 200)))[^Math.Min(200, tail.Length + Math.Min(read, 200))..];
        }

        if (!tail.Contains("""{"type":"exit","data":0,""", StringComparison.Ordinal)) throw new InvalidOperationException($"The run did not end well: {tail}");
        return lines;
    }

    private static void Expect(int seen, int events)
    {
        if (seen != events) throw new InvalidOperationException($"{events} events were expected, {seen} came.");
    }
}
