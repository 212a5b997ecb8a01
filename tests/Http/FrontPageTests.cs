namespace Podflare;

/// <summary><c>/</c>: a page for browsers. Programs get 404, as before.</summary>
public sealed class FrontPageTests(SharedCluster shared)
{
    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200)]
    [InlineData("application/json", 404)]
    [InlineData("*/*", 404)]
    [InlineData(null, 404)]
    public async Task Browsers_get_a_page_and_programs_their_former_answer(string? accept, int status)
    {
        using var response = await SendAsync(accept);

        if (status == 404)
        {
            await response.AssertProblemAsync(404, "not_found");
            return;
        }

        Assert.Equal((200, "text/html; charset=utf-8", "Accept, Accept-Encoding"), ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), response.Header("Vary")?.Replace(",A", ", A", StringComparison.Ordinal)));
        Assert.Contains("script-src 'self';", response.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Null(response.Header("Set-Cookie"));
        var page = await response.ReadTextAsync();
        Assert.All(["href=\"/console\"", "href=\"/docs\"", "href=\"/openapi/v1.json\""], link => Assert.Contains(link, page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_is_not_sent_again()
    {
        using var first = await SendAsync("text/html");
        using var again = await SendAsync("text/html", $"If-None-Match: {first.Header("ETag")}\r\n");

        Assert.Equal(304, (int)again.StatusCode);
    }

    private Task<HttpResponseMessage> SendAsync(string? accept, string more = "") =>
        RawHttp.SendAsync(shared.Cluster, $"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{(accept is null ? "" : $"Accept: {accept}\r\n")}{more}\r\n");
}
