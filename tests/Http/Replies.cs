using System.Text;
using System.Text.Json;

namespace Podflare;

/// <summary>Short forms of what the tests send and read.</summary>
internal static class Replies
{
    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>The body of an exec whose script has these lines.</summary>
    public static string Script(params IEnumerable<string> lines) => JsonSerializer.Serialize(new { code = string.Join('\n', lines), language = "python" });

    public static async Task<HttpResponseMessage> SendAsync(
        this HttpClient client, string method, string path, string? body = null, bool wait = true, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = Json(body);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request, wait ? HttpCompletionOption.ResponseContentRead : HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement> ReadJsonAsync(this HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).RootElement;

    /// <summary>The body of an answer that must be a success.</summary>
    public static async Task<JsonElement> AssertProblemFreeAsync(this HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.ReadTextAsync());
        return await response.ReadJsonAsync();
    }

    public static async Task<string> ReadTextAsync(this HttpResponseMessage response) => await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;

    /// <summary>Checks that an answer is a problem document with all that clients read, and gives it.</summary>
    public static async Task<JsonElement> AssertProblemAsync(this HttpResponseMessage response, int status, string code)
    {
        var text = await response.ReadTextAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("trace_id").GetString());
        Assert.All(["error", "type", "title", "detail"], name => Assert.NotEqual("", problem.GetProperty(name).GetString()));
        Assert.Equal(status is 429 or 503, response.Headers.RetryAfter is not null);
        return problem;
    }
}
