using System.Net.Http.Json;
using System.Text.Json;

namespace Podflare.Bench;

/// <summary>The calls of a service that make and use sandboxes, with as little work in this process as possible: it shares the machine with what it measures.</summary>
internal sealed class SandboxApi(Uri address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 500 }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>Creates a sandbox.</summary>
    /// <exception cref="HttpRequestException">The service has refused it.</exception>
    public async Task<string> CreateAsync(object? body = null)
    {
        using var answer = await _http.PostAsync("/v1/sandboxes", Body(body ?? new { }));
        return await ReadIdAsync(answer.EnsureSuccessStatusCode());
    }

    /// <returns>Null where the service has refused it.</returns>
    public async Task<string?> TryCreateAsync()
    {
        using var answer = await _http.PostAsync("/v1/sandboxes", Body(new { }));
        return answer.IsSuccessStatusCode ? await ReadIdAsync(answer) : null;
    }

    /// <summary>Executes Python until its stream has ended.</summary>
    public async Task RunAsync(string sandbox, string code)
    {
        using var answer = await _http.PostAsync($"/v1/sandboxes/{sandbox}/exec", Body(new { code, language = "python", timeout_seconds = 60 }));
        var text = await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        if (!text.Contains("""{"type":"exit","data":0,""", StringComparison.Ordinal)) throw new InvalidOperationException($"The run did not end well: {text}");
    }

    public async Task DeleteAsync(string sandbox)
    {
        using var answer = await _http.DeleteAsync($"/v1/sandboxes/{sandbox}");
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> ReadIdAsync(HttpResponseMessage answer)
    {
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
        return json.RootElement.GetProperty("id").GetString()!;
    }

    private static JsonContent Body(object body) => JsonContent.Create(body);
}
