using System.Text.Json;

namespace Podflare.E2b;

/// <summary>The control plane of the dialect.</summary>
public sealed class ControlPlaneTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_create_has_tokens_and_the_lifetime_of_the_request()
    {
        var box = await _cluster.CreateAsync(body: """{"templateID":"base","timeout":90,"metadata":{"a":"b"},"envVars":{"X":"1"},"secure":true,"allow_internet_access":true,"mcp":{}}""");

        var spec = _cluster.World.Specs[box.NativeId];
        Assert.Matches("^sbx[0-9a-f]{32}$", box.Id);
        Assert.Matches("^[0-9a-f]{64}$", box.EnvdToken);
        Assert.NotEqual(box.EnvdToken, box.TrafficToken);
        Assert.Equal(("e2b", 90, 90, "b", "1", false), (spec.Template, (int)spec.Lifetime.TotalSeconds, (int)spec.IdleLimit.TotalSeconds, spec.Metadata["a"], spec.Env["X"], spec.Egress));
    }

    [Theory]
    [InlineData("/v2/sandboxes", 300)]
    [InlineData("/sandboxes", 15)]
    public async Task Each_version_has_its_default_lifetime(string path, int seconds)
    {
        var created = await (await SendAsync("POST", path, "{}")).AssertProblemFreeAsync();

        Assert.Equal(seconds, _cluster.World.Specs["sbx_" + created.GetProperty("sandboxID").GetString()![3..]].Lifetime.TotalSeconds);
        Assert.False(created.TryGetProperty("domain", out _));
    }

    [Theory]
    [InlineData("{\"templateID\":\"unknown\"}", 404, "template 'unknown' not found")]
    [InlineData("{\"timeout\":99999999}", 400, "Timeout cannot be greater than 604800 seconds")]
    [InlineData("{\"timeout\":\"x\"}", 400, "timeout must be a number")]
    [InlineData("{\"autoPause\":true}", 501, "pausing is not supported")]
    [InlineData("{\"volumeMounts\":[{\"name\":\"v\",\"path\":\"/v\"}]}", 501, "volumes are not supported")]
    public async Task What_cannot_be_created_is_refused_in_the_words_of_E2B(string body, int status, string message)
    {
        var error = await AssertErrorAsync(await SendAsync("POST", "/v2/sandboxes", body), status);

        Assert.Equal(message, error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_key_is_needed_and_either_header_carries_it()
    {
        using var client = _cluster.ClientOf(null);

        await AssertErrorAsync(await client.SendAsync("GET", $"{E2bClient.Mount}/v2/sandboxes"), 401);
        await AssertErrorAsync(await client.SendAsync("GET", $"{E2bClient.Mount}/v2/sandboxes", null, true, ("X-API-Key", "wrong")), 401);
        Assert.Equal(200, (int)(await client.SendAsync("GET", $"{E2bClient.Mount}/v2/sandboxes", null, true, ("X-API-Key", Cluster.Key))).StatusCode);
        Assert.Equal(200, (int)(await client.SendAsync("GET", $"{E2bClient.Mount}/v2/sandboxes", null, true, ("Authorization", $"Bearer {Cluster.Key}"))).StatusCode);
    }

    [Fact]
    public async Task A_repeated_create_gets_the_same_sandbox_and_tokens()
    {
        var key = Guid.NewGuid().ToString();

        var first = await (await SendAsync("POST", "/v2/sandboxes", "{}", ("Idempotency-Key", key))).AssertProblemFreeAsync();
        var second = await (await SendAsync("POST", "/v2/sandboxes", "{}", ("Idempotency-Key", key))).AssertProblemFreeAsync();

        Assert.Equal(first.ToString(), second.ToString());
        await AssertErrorAsync(await SendAsync("POST", "/v2/sandboxes", """{"timeout":5}""", ("Idempotency-Key", key)), 422);
        // The same key of a native client belongs to another request.
        var native = await (await _cluster.Client.SendAsync("POST", "/v1/sandboxes", "{}", true, ("Idempotency-Key", key))).AssertProblemFreeAsync();
        Assert.NotEqual(first.GetProperty("sandboxID").GetString()![3..], native.GetProperty("id").GetString()![4..]);
    }

    [Fact]
    public async Task A_sandbox_is_shown_connected_changed_and_ended()
    {
        var box = await _cluster.CreateAsync();

        var shown = await (await SendAsync("GET", $"/sandboxes/{box.Id}")).AssertProblemFreeAsync();
        Assert.Equal((box.Id, "running", "e2b", 512, 256), (shown.GetProperty("sandboxID").GetString(), shown.GetProperty("state").GetString(), shown.GetProperty("templateID").GetString(), shown.GetProperty("memoryMB").GetInt32(), shown.GetProperty("diskSizeMB").GetInt32()));
        Assert.Equal(200, (int)(await SendAsync("GET", $"/sandboxes/{box.NativeId}")).StatusCode);
        var connected = await (await SendAsync("POST", $"/v2/sandboxes/{box.Id}/connect", """{"timeout":10}""")).AssertProblemFreeAsync();
        Assert.Equal(box.EnvdToken, connected.GetProperty("envdAccessToken").GetString());
        Assert.Equal(204, (int)(await SendAsync("POST", $"/sandboxes/{box.Id}/timeout", """{"timeout":1000}""")).StatusCode);
        Assert.Equal(204, (int)(await SendAsync("POST", $"/sandboxes/{box.Id}/refreshes", """{"duration":1}""")).StatusCode);
        var metrics = await (await SendAsync("GET", $"/sandboxes/{box.Id}/metrics")).AssertProblemFreeAsync();
        Assert.Equal(42, metrics[1].GetProperty("cpuUsedPct").GetDouble());
        Assert.Equal(JsonValueKind.Array, (await (await SendAsync("GET", $"/v2/sandboxes/{box.Id}/logs")).AssertProblemFreeAsync()).GetProperty("logs").ValueKind);
        Assert.Equal(204, (int)(await SendAsync("DELETE", $"/sandboxes/{box.Id}")).StatusCode);
        foreach (var (method, path) in new[] { ("DELETE", ""), ("GET", ""), ("POST", "/connect"), ("POST", "/timeout"), ("GET", "/metrics") })
            await AssertErrorAsync(await SendAsync(method, $"/sandboxes/{box.Id}{path}", method == "POST" ? """{"timeout":1}""" : null), 404);
    }

    [Fact]
    public async Task A_timeout_of_zero_ends_the_sandbox()
    {
        var box = await _cluster.CreateAsync();

        Assert.Equal(204, (int)(await SendAsync("POST", $"/sandboxes/{box.Id}/timeout", """{"timeout":0}""")).StatusCode);

        await AssertErrorAsync(await SendAsync("GET", $"/sandboxes/{box.Id}"), 404);
    }

    [Fact]
    public async Task Lists_decode_metadata_twice_and_have_pages_in_both_orders()
    {
        var mark = Guid.NewGuid().ToString();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add((await _cluster.CreateAsync(body: JsonSerializer.Serialize(new { metadata = new Dictionary<string, string> { ["a&b"] = $"{mark} =ü" } }))).Id);
        // As the client builds it: pairs encoded, joined to a query, and that encoded once more by the query that it is in.
        var inner = $"{Uri.EscapeDataString(Uri.EscapeDataString("a&b"))}={Uri.EscapeDataString(Uri.EscapeDataString($"{mark} =ü"))}";
        var query = $"metadata={Uri.EscapeDataString(inner)}";

        Assert.Equal(ids.AsEnumerable().Reverse(), await IdsAsync($"{query}&state=running,paused"));
        Assert.Empty(await IdsAsync($"{query}&state=paused"));
        Assert.Equal(ids, await PagesAsync($"{query}&order=asc&limit=2"));
        Assert.Equal(ids.AsEnumerable().Reverse(), await PagesAsync($"{query}&limit=2"));
        // Of all pages, and absent where no running sandbox was asked for.
        Assert.Equal("3", await TotalAsync($"{query}&limit=2"));
        Assert.Equal("0", await TotalAsync($"{query}&template=other"));
        Assert.Null(await TotalAsync($"{query}&state=paused"));
        Assert.Empty(await IdsAsync($"{query}&startedAfter=2999-01-01T00:00:00Z"));
        Assert.Empty(await IdsAsync($"{query}&template=other"));
        foreach (var wrong in new[] { "order=up", "state=frozen", "limit=0", "nextToken=x", "startedAfter=soon" }) await AssertErrorAsync(await SendAsync("GET", $"/v2/sandboxes?{wrong}"), 400);
    }

    [Theory]
    [InlineData("POST", "/sandboxes/{0}/pause")]
    [InlineData("POST", "/sandboxes/{0}/fork")]
    [InlineData("POST", "/sandboxes/{0}/snapshots")]
    [InlineData("PUT", "/sandboxes/{0}/network")]
    [InlineData("GET", "/templates")]
    [InlineData("POST", "/v3/templates")]
    [InlineData("GET", "/volumes")]
    [InlineData("GET", "/secrets/x")]
    public async Task What_is_not_supported_is_501_with_a_body_that_clients_read(string method, string path)
    {
        var box = await _cluster.CreateAsync();

        var error = await AssertErrorAsync(await CallAsync(box.Id), 501);
        Assert.EndsWith("not supported", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        if (path.Contains('{', StringComparison.Ordinal)) await AssertErrorAsync(await CallAsync("sbx" + new string('0', 32)), 404);

        Task<HttpResponseMessage> CallAsync(string id) => SendAsync(method, string.Format(System.Globalization.CultureInfo.InvariantCulture, path, id), method == "GET" ? null : "{}");
    }

    [Fact]
    public async Task Another_tenants_sandbox_looks_as_if_it_had_never_existed()
    {
        var theirs = await _cluster.CreateAsync(Cluster.AcmeKey);

        foreach (var (method, path, body) in new[] { ("GET", "", null), ("DELETE", "", null), ("POST", "/connect", "{}"), ("POST", "/timeout", """{"timeout":0}"""), ("GET", "/metrics", (string?)null) })
            await AssertErrorAsync(await SendAsync(method, $"/sandboxes/{theirs.Id}{path}", body), 404);
        Assert.Equal(200, (int)(await theirs.SendAsync(E2bClient.Interpreter, "GET", "/health")).StatusCode);
    }

    private async Task<List<string>> PagesAsync(string query)
    {
        var ids = new List<string>();
        string? next = null;
        do
        {
            var page = await SendAsync("GET", $"/v2/sandboxes?{query}{(next is null ? "" : $"&nextToken={next}")}");
            ids.AddRange((await page.AssertProblemFreeAsync()).EnumerateArray().Select(one => one.GetProperty("sandboxID").GetString()!));
            next = page.Header("X-Next-Token");
        }
        while (next is not null);
        return ids;
    }

    private async Task<string?> TotalAsync(string query) => (await SendAsync("GET", $"/v2/sandboxes?{query}")).Header("X-Total-Running");

    private async Task<List<string>> IdsAsync(string query) =>
        [.. (await (await SendAsync("GET", $"/v2/sandboxes?{query}")).AssertProblemFreeAsync()).EnumerateArray().Select(one => one.GetProperty("sandboxID").GetString()!)];

    private async Task<HttpResponseMessage> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var client = _cluster.ClientOf(null);
        return await client.SendAsync(method, E2bClient.Mount + path, body, true, [("X-API-Key", Cluster.Key), .. headers]);
    }

    private static async Task<JsonElement> AssertErrorAsync(HttpResponseMessage response, int status)
    {
        var text = await response.ReadTextAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        var error = JsonDocument.Parse(text).RootElement;
        Assert.Equal(status, error.GetProperty("code").GetInt32());
        Assert.NotEqual("", error.GetProperty("message").GetString());
        return error;
    }
}
