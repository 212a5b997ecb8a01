using System.Text.Json;

namespace Podflare.E2b;

/// <summary>A server with a domain of its own, whose code interpreter needs no token.</summary>
public sealed class DomainTests(DomainTests.Server server) : IClassFixture<DomainTests.Server>
{
    private const string Domain = "box.example.com";
    private readonly Cluster _cluster = server.Cluster;

    [Fact]
    public async Task The_control_plane_is_at_api_of_the_domain_and_names_the_domain()
    {
        var created = await (await SendAsync($"api.{Domain}:8443", "POST", "/v2/sandboxes", Replies.Json("{}"), ("X-API-Key", Cluster.Key))).AssertProblemFreeAsync();
        var id = created.GetProperty("sandboxID").GetString()!;

        Assert.Equal($"{Domain}:8443", created.GetProperty("domain").GetString());
        // Headers of a sandbox mean nothing there.
        var shown = await SendAsync($"API.{Domain}", "GET", $"/sandboxes/{id}", null, ("X-API-Key", Cluster.Key), ("E2b-Sandbox-Id", id), ("E2b-Sandbox-Port", "49983"));
        Assert.Equal($"{Domain}:8443", (await shown.AssertProblemFreeAsync()).GetProperty("domain").GetString());
        Assert.Equal(404, (int)(await SendAsync($"api.{Domain}", "GET", "/v1/sandboxes", null, ("Authorization", $"Bearer {Cluster.Key}"))).StatusCode);
    }

    [Fact]
    public async Task Sandboxes_are_reached_by_their_hosts()
    {
        var box = await _cluster.CreateAsync();
        _cluster.World.Sandboxes[box.NativeId].Files["/home/user/a b.txt"] = "hello"u8.ToArray();
        var signature = Uri.EscapeDataString(FileSignature.Of("a b.txt", "read", "", box.EnvdToken, null));

        foreach (var host in new[] { $"{E2bClient.Envd}-{box.Id}.{Domain}:8443", $"{E2bClient.Envd}-{box.Id}.{Domain}.", $"{E2bClient.Envd}-{box.Id.ToUpperInvariant()}.{Domain.ToUpperInvariant()}" })
        {
            Assert.Equal(204, (int)(await SendAsync(host, "GET", "/health", null)).StatusCode);
            Assert.Equal("hello", await (await SendAsync(host, "GET", $"/files?path=a%20b.txt&signature={signature}", null)).ReadTextAsync());
            Assert.Equal(401, (int)(await SendAsync(host, "GET", "/v1/sandboxes", null, ("Authorization", $"Bearer {Cluster.Key}"))).StatusCode);
        }

        var closed = await SendAsync($"3000-{box.Id}.{Domain}", "GET", "/v1/sandboxes", null, ("Authorization", $"Bearer {Cluster.Key}"));
        Assert.Equal(502, (int)closed.StatusCode);
    }

    [Theory]
    [InlineData("99999-{0}.box.example.com", 502)]
    [InlineData("0-{0}.box.example.com", 502)]
    [InlineData("49983-sbx00.box.example.com", 502)]
    [InlineData("3000-any.localhost", 502)]
    [InlineData("49983-{0}.x.box.example.com", 200)]
    [InlineData("49983-{0}.example.com", 200)]
    [InlineData("podflare.box.example.com", 200)]
    [InlineData("box.example.com", 200)]
    public async Task What_looks_like_the_host_of_a_sandbox_leads_to_none_and_others_to_the_native_API(string host, int status)
    {
        var box = await _cluster.CreateAsync();

        var response = await SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, host, box.Id), "GET", "/v1/sandboxes", null, ("Authorization", $"Bearer {Cluster.Key}"));

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task The_interpreter_without_tokens_is_open_and_nothing_else()
    {
        var (box, other) = (await _cluster.CreateAsync(), await _cluster.CreateAsync());

        Assert.Equal(200, (int)(await Interpreter("POST", "/execute")).StatusCode);
        Assert.Equal(200, (int)(await Interpreter("GET", "/contexts")).StatusCode);
        Assert.Equal(401, (int)(await Interpreter("POST", "/execute", "wrong")).StatusCode);
        Assert.Equal(401, (int)(await Interpreter("POST", "/execute", other.TrafficToken)).StatusCode);
        Assert.Equal(401, (int)(await box.SendAsync(E2bClient.Envd, "POST", "/process.Process/List", Replies.Json("{}"))).StatusCode);
        Assert.Equal(401, (int)(await box.SendAsync(E2bClient.Envd, "GET", "/files?path=a")).StatusCode);

        Task<HttpResponseMessage> Interpreter(string method, string path, string? traffic = null) =>
            box.SendAsync(E2bClient.Interpreter, method, path, method == "POST" ? Replies.Json("""{"code":"out a"}""") : null, null, traffic);
    }

    [Fact]
    public async Task An_execution_that_is_silent_is_kept_alive()
    {
        var box = await _cluster.CreateAsync();
        using var client = _cluster.ClientOf(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{E2bClient.Mount}/execute") { Content = Replies.Json("""{"code":"out a\nhold silence\nout b"}""") };
        foreach (var (name, value) in new[] { ("E2b-Sandbox-Id", box.Id), ("E2b-Sandbox-Port", "49999") }) request.Headers.Add(name, value);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        Assert.Equal(["number_of_executions", "stdout", "keepalive", "keepalive"], new[] { await TypeAsync(), await TypeAsync(), await TypeAsync(), await TypeAsync() });
        _cluster.World.Gate("silence").SetResult();
        var last = "";
        while (await lines.ReadLineAsync(TestContext.Current.CancellationToken) is { } line) last = line;
        Assert.Equal("""{"type":"end_of_execution"}""", last);

        async Task<string> TypeAsync() => JsonDocument.Parse((await lines.ReadLineAsync(TestContext.Current.CancellationToken))!).RootElement.GetProperty("type").GetString()!;
    }

    [Theory]
    [InlineData("full", 503, "sandbox_capacity_unavailable", "Failed to place sandbox: ")]
    [InlineData("away", 503, "sandbox_capacity_unavailable", "Failed to place sandbox: ")]
    [InlineData("image", 503, "sandbox_no_compatible_node", "Failed to place sandbox: no such image")]
    [InlineData("bug", 500, "sandbox_create_failed", "internal error")]
    public async Task A_create_that_fails_has_the_words_that_clients_search_for(string failure, int status, string code, string message)
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Http:StartSeconds", "20"), ("Podflare:Directory:WaitSeconds", "0"));
        cluster.World.Host(Cluster.Host).Refusal = failure switch
        {
            "full" => () => new NoCapacityException(),
            "away" => () => new SandboxUnreachableException(),
            "image" => () => new ContainerStartException("no such image", retry: false),
            _ => () => new InvalidOperationException("secret of the machine"),
        };

        using var client = cluster.ClientOf(null);
        using var response = await client.SendAsync("POST", $"{E2bClient.Mount}/v2/sandboxes", "{}", true, ("X-API-Key", Cluster.Key));

        var error = await response.ReadJsonAsync();
        Assert.Equal((status, status, code), ((int)response.StatusCode, error.GetProperty("code").GetInt32(), error.GetProperty("error_code").GetString()));
        Assert.StartsWith(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> SendAsync(string host, string method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var client = _cluster.ClientOf(null);
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content, Headers = { Host = host, AcceptEncoding = { new("gzip"), new("deflate") } } };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public sealed class Server : IAsyncLifetime
    {
        public Cluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await Cluster.StartAsync([], ("Podflare:E2b:Domain", $"{Domain}:8443"), ("Podflare:E2b:TokenlessInterpreter", "true"), ("Podflare:E2b:KeepAliveSeconds", "0.1"));

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
