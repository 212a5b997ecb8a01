namespace Podflare;

/// <summary>What a server without API keys accepts, to which every web page that its user visits can send requests.</summary>
public sealed class EdgeTests(EdgeTests.OpenServer server) : IClassFixture<EdgeTests.OpenServer>
{
    private const string Create = "/v1/sandboxes";

    [Theory]
    [InlineData("127.0.0.1:7070")]
    [InlineData("192.168.1.20")]
    [InlineData("[::1]:7070")]
    [InlineData("localhost:7070")]
    [InlineData("LOCALHOST.")]
    [InlineData("podflare.example")]
    [InlineData("allowed.internal:8080")]
    public async Task Its_own_names_and_addresses_are_accepted(string host)
    {
        using var response = await RawHttp.SendAsync(server.Cluster, $"GET /v1/sandboxes HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:7070")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("127.1")]
    [InlineData("1")]
    public async Task Another_name_is_refused_before_routing(string host)
    {
        foreach (var request in new[] { "GET /v1/sandboxes", "GET /docs", "GET /livez", "GET /nothing", "OPTIONS /v1/sandboxes" })
        {
            using var response = await RawHttp.SendAsync(server.Cluster, $"{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");

            var problem = await response.AssertProblemAsync(421, "host_not_allowed");
            Assert.Contains("Podflare:Http:AllowedHosts", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_health_check_without_a_host_is_answered()
    {
        using var response = await RawHttp.SendAsync(server.Cluster, "GET /readyz HTTP/1.0\r\n\r\n");

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site: cross-site")]
    [InlineData("Sec-Fetch-Site: same-site\r\nOrigin: http://127.0.0.1:3000")]
    [InlineData("Sec-Fetch-Site: anything")]
    [InlineData("Origin: http://evil.example")]
    [InlineData("Origin: http://127.0.0.1:3000")]
    [InlineData("Origin: http://127.0.0.1:7070.evil.example")]
    [InlineData("Origin: null")]
    public async Task What_a_browser_sends_for_another_page_is_refused(string headers)
    {
        foreach (var request in new[] { "POST /v1/sandboxes", "DELETE /v1/sandboxes/sbx_00000001ffffffffffffffffffffffff", "PUT /v1/nothing", "POST /compat/podflare/v1/sandboxes" })
        {
            using var response = await SendAsync(request, headers);

            await response.AssertProblemAsync(403, "cross_origin_refused");
        }
    }

    [Theory]
    [InlineData("X-Nothing: 1")]
    [InlineData("Sec-Fetch-Site: same-origin\r\nOrigin: http://127.0.0.1:7070")]
    [InlineData("Sec-Fetch-Site: none")]
    [InlineData("Origin: http://127.0.0.1:7070")]
    [InlineData("Sec-Fetch-Site: cross-site\r\nOrigin: https://app.example")]
    [InlineData("Origin: https://app.example")]
    public async Task Programs_its_own_pages_and_allowed_origins_are_accepted(string headers)
    {
        using var response = await SendAsync("POST /v1/sandboxes", headers);

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Content-Type: text/plain\r\n")]
    [InlineData("Content-Type: application/x-www-form-urlencoded\r\n")]
    [InlineData("Content-Type: multipart/form-data; boundary=x\r\n")]
    public async Task A_body_that_a_page_can_send_without_asking_is_refused(string contentType)
    {
        using var response = await RawHttp.SendAsync(server.Cluster, $"POST {Create} HTTP/1.1\r\nHost: 127.0.0.1\r\n{contentType}Content-Length: 2\r\n\r\n{{}}");

        await response.AssertProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task An_allowed_origin_is_told_what_it_may_read()
    {
        using var preflight = await SendAsync("OPTIONS /v1/sandboxes", "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization, content-type");
        using var answer = await SendAsync("POST /v1/sandboxes", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site");
        using var refusal = await RawHttp.SendAsync(server.Cluster, "GET /v1/sandboxes/x HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://app.example\r\n\r\n");

        Assert.Equal((204, "https://app.example", "600"), ((int)preflight.StatusCode, preflight.Header("Access-Control-Allow-Origin"), preflight.Header("Access-Control-Max-Age")));
        Assert.Equal((200, "https://app.example"), ((int)answer.StatusCode, answer.Header("Access-Control-Allow-Origin")));
        Assert.Contains("Podflare-Run-Id", answer.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.Null(answer.Header("Access-Control-Allow-Credentials"));
        Assert.Equal((404, "https://app.example"), ((int)refusal.StatusCode, refusal.Header("Access-Control-Allow-Origin")));
    }

    [Fact]
    public async Task Another_origin_is_told_nothing()
    {
        using var preflight = await SendAsync("OPTIONS /v1/sandboxes", "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST");
        using var answer = await RawHttp.SendAsync(server.Cluster, "GET /v1/sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: http://evil.example\r\n\r\n");

        Assert.Null(preflight.Header("Access-Control-Allow-Origin"));
        Assert.Null(answer.Header("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/v1/sandboxes", "no-store")]
    [InlineData("/v1/sandboxes/x", "no-store")]
    [InlineData("/compat/podflare/v1/healthz", "no-store")]
    [InlineData("/nothing", "no-store")]
    [InlineData("/livez", null)]
    [InlineData("/docs", "no-store")]
    public async Task Every_response_has_the_security_headers(string path, string? cache)
    {
        using var response = await server.Cluster.Client.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(("nosniff", "no-referrer", cache), (response.Header("X-Content-Type-Options"), response.Header("Referrer-Policy"), response.Header("Cache-Control")));
        Assert.Null(response.Header("Strict-Transport-Security"));
        if (path == "/docs") Assert.Contains("default-src 'none'", response.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_trusted_https_proxy_browsers_are_told_to_stay_with_https()
    {
        using var response = await RawHttp.SendAsync(server.Cluster, "GET /livez HTTP/1.1\r\nHost: podflare.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
        using var local = await RawHttp.SendAsync(server.Cluster, "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");

        Assert.Equal("max-age=63072000", response.Header("Strict-Transport-Security"));
        Assert.Null(local.Header("Strict-Transport-Security"));
    }

    private Task<HttpResponseMessage> SendAsync(string request, string headers) =>
        RawHttp.SendAsync(server.Cluster, $"{request} HTTP/1.1\r\nHost: 127.0.0.1:7070\r\nConnection: close\r\n{headers}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");

    /// <summary>A server without API keys.</summary>
    public sealed class OpenServer : IAsyncLifetime
    {
        public Cluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync(
            [],
            ("PODFLARE_API_KEYS", ""), ("PODFLARE_PUBLIC_URL", "https://podflare.example/"), ("Podflare:Http:AllowedHosts:0", "allowed.internal"),
            ("Podflare:Http:AllowedOrigins:0", "https://app.example"), ("Podflare:Http:TrustedProxies:0", "127.0.0.0/8"));

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
