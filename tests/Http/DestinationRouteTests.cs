using System.Net;
using System.Net.Sockets;

namespace Podflare;

/// <summary><c>/v1/telemetry</c>.</summary>
public sealed class DestinationRouteTests(SharedCluster shared)
{
    private const string Path = "/v1/telemetry";

    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_destination_is_set_shown_without_its_secrets_and_removed()
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var none = await (await client.SendAsync("GET", Path)).ReadTextAsync();
        Assert.Equal("""{"endpoint":null,"header_names":[],"signals":[],"capture_content":false,"redact":[],"updated_at":null,"sent":0,"dropped":0,"last_error":null,"last_error_at":null,"last_success_at":null}""", none);

        var set = await (await client.SendAsync("PUT", Path, """{"endpoint":"https://otlp.example.com/v1/traces","headers":{"X-Key":"secret-value"},"signals":["metrics","traces"],"capture_content":true,"redact":["[0-9]{4}"]}""")).ReadJsonAsync();

        Assert.Equal(("https://otlp.example.com", """["X-Key"]""", """["traces","metrics"]""", "[]"),
            (set.Text("endpoint"), set.GetProperty("header_names").GetRawText(), set.GetProperty("signals").GetRawText(), set.GetProperty("warnings").GetRawText()));
        Assert.Equal(("true", """["[0-9]{4}"]"""), (set.GetProperty("capture_content").GetRawText(), set.GetProperty("redact").GetRawText()));
        var shown = await (await client.SendAsync("GET", Path)).ReadTextAsync();
        Assert.Contains("\"endpoint\":\"https://otlp.example.com\"", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-value", shown, StringComparison.Ordinal);
        for (var i = 0; i < 2; i++) Assert.Equal(204, (int)(await client.SendAsync("DELETE", Path)).StatusCode);
        Assert.Equal(none, await (await client.SendAsync("GET", Path)).ReadTextAsync());
    }

    [Theory]
    [InlineData("""{}""", "endpoint")]
    [InlineData("""{"endpoint":7}""", "endpoint")]
    [InlineData("""{"endpoint":"ftp://example.com/"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://10.0.0.1/"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://169.254.169.254/"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://localhost/"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://user:password@example.com/"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://example.com/?key=1"}""", "endpoint")]
    [InlineData("""{"endpoint":"not an address"}""", "endpoint")]
    [InlineData("""{"endpoint":"https://example.com/","headers":[]}""", "headers")]
    [InlineData("""{"endpoint":"https://example.com/","headers":{"a b":"c"}}""", "headers.a b")]
    [InlineData("""{"endpoint":"https://example.com/","headers":{"a":"b\r\nc: d"}}""", "headers.a")]
    [InlineData("""{"endpoint":"https://example.com/","headers":{"Host":"x"}}""", "headers.Host")]
    [InlineData("""{"endpoint":"https://example.com/","headers":{"Content-Encoding":"x"}}""", "headers.Content-Encoding")]
    [InlineData("""{"endpoint":"https://example.com/","signals":[]}""", "signals")]
    [InlineData("""{"endpoint":"https://example.com/","signals":["spans"]}""", "signals[0]")]
    [InlineData("""{"endpoint":"https://example.com/","capture_content":"yes"}""", "capture_content")]
    [InlineData("""{"endpoint":"https://example.com/","redact":["("]}""", "redact[0]")]
    [InlineData("""{"endpoint":"https://example.com/","redact":["(a)\\1"]}""", "redact[0]")]
    [InlineData("""[]""", "body")]
    public async Task A_wrong_field_is_named(string body, string field)
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var problem = await (await client.SendAsync("PUT", Path, body)).AssertProblemAsync(400, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Fact]
    public async Task Tenants_have_destinations_of_their_own()
    {
        using var owner = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        await owner.SendAsync("PUT", Path, """{"endpoint":"https://otlp.example.com"}""");

        Assert.Contains("\"endpoint\":null", await (await other.SendAsync("GET", Path)).ReadTextAsync(), StringComparison.Ordinal);
        Assert.Equal("none", (await (await other.SendAsync("POST", Path + "/test")).ReadJsonAsync()).Text("outcome"));
    }

    [Fact]
    public async Task A_test_tells_what_came_of_it()
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        using var listener = new HttpListener();
        closed.Stop();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        await client.SendAsync("PUT", Path, $$$"""{"endpoint":"http://127.0.0.1:{{{port}}}/otlp","headers":{"x-key":"k"}}""");
        Assert.Equal("connect", (await (await client.SendAsync("POST", Path + "/test")).ReadJsonAsync()).Text("outcome"));

        listener.Start();
        var test = client.SendAsync("POST", Path + "/test");
        var request = await listener.GetContextAsync();
        var seen = (request.Request.HttpMethod, request.Request.Url!.AbsolutePath, request.Request.Headers["x-key"], request.Request.ContentType);
        request.Response.StatusCode = 302;
        request.Response.Headers["Location"] = $"http://127.0.0.1:{port}/elsewhere";
        request.Response.Close();

        Assert.Equal(("POST", "/otlp/v1/traces", "k", "application/x-protobuf"), seen);
        Assert.Equal("302", (await (await test).ReadJsonAsync()).Text("outcome"));
    }
}
