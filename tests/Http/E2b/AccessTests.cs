using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Podflare.E2b;

/// <summary>How requests of the dialect are addressed, and what opens them.</summary>
public sealed class AccessTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("/process.Process/List")]
    [InlineData("/filesystem.Filesystem/Stat")]
    [InlineData("/files?path=a")]
    [InlineData("/anything")]
    public async Task Files_and_processes_need_the_token_of_their_sandbox(string path)
    {
        var (mine, other) = (await _cluster.CreateAsync(), await _cluster.CreateAsync());
        var isCall = path.Contains('.', StringComparison.Ordinal);
        foreach (var (envd, traffic) in new[] { (null, null), (other.EnvdToken, other.TrafficToken), (mine.TrafficToken, null), (null, mine.TrafficToken), ("", ""), (Cluster.Key, (string?)Cluster.Key) })
        {
            var response = await mine.SendAsync(E2bClient.Envd, isCall ? "POST" : "GET", path, isCall ? Replies.Json("{}") : null, envd, traffic);

            Assert.True((int)response.StatusCode == 401, $"{path} with {envd}: {(int)response.StatusCode}");
        }
    }

    [Theory]
    [InlineData("POST", "/execute")]
    [InlineData("GET", "/contexts")]
    [InlineData("POST", "/contexts")]
    [InlineData("DELETE", "/contexts/python")]
    [InlineData("POST", "/contexts/python/restart")]
    public async Task The_interpreter_needs_one_of_the_tokens_of_its_sandbox(string method, string path)
    {
        var (mine, other) = (await _cluster.CreateAsync(), await _cluster.CreateAsync());
        foreach (var (envd, traffic) in new[] { (null, null), (other.EnvdToken, other.TrafficToken), (mine.TrafficToken, mine.EnvdToken), (Cluster.Key, (string?)Cluster.Key) })
            Assert.Equal(401, (int)(await mine.SendAsync(E2bClient.Interpreter, method, path, method == "POST" ? Replies.Json("""{"code":"1"}""") : null, envd, traffic)).StatusCode);
        foreach (var (envd, traffic) in new (string?, string?)[] { (mine.EnvdToken, null), (null, mine.TrafficToken) })
            Assert.NotEqual(401, (int)(await mine.SendAsync(E2bClient.Interpreter, method, path, method == "POST" ? Replies.Json("""{"code":"1"}""") : null, envd, traffic)).StatusCode);
    }

    [Fact]
    public async Task A_sandbox_without_a_secret_has_no_token()
    {
        var native = _cluster.World.Add();
        var box = new E2bClient.Box(_cluster, "sbx" + native.Value[4..], Token([], "envd"), Token([], "traffic"));

        Assert.Equal(401, (int)(await box.CallAsync("process.Process/List", "{}")).StatusCode);
        Assert.Equal(401, (int)(await box.ExecuteAsync(new { code = "1" })).StatusCode);
        var signature = FileSignature.Of("a", "read", "", "", null);
        Assert.Equal(401, (int)(await box.SendAsync(E2bClient.Envd, "GET", $"/files?path=a&signature={Uri.EscapeDataString(signature)}")).StatusCode);

        static string Token(byte[] secret, string purpose) => Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(purpose)));
    }

    [Fact]
    public async Task The_tokens_of_a_suspended_tenant_open_nothing()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var client = await _cluster.ClientOfAsync(tenant, "sandboxes");
        var box = await _cluster.CreateAsync(client.DefaultRequestHeaders.Authorization!.Parameter!);
        Assert.Equal(200, (int)(await box.CallAsync("process.Process/List", "{}")).StatusCode);

        await admin.SendAsync("PATCH", $"/v1/tenants/{tenant}", """{"state":"suspended"}""");

        foreach (var refused in new[] { await box.CallAsync("process.Process/List", "{}"), await box.ExecuteAsync(new { code = "1" }), await box.SendAsync(E2bClient.Envd, "GET", "/files?path=a", null, box.EnvdToken) })
            Assert.Equal(403, (int)refused.StatusCode);
    }

    [Fact]
    public async Task Health_is_of_the_plane_that_the_header_names()
    {
        using var client = _cluster.ClientOf(null);
        var box = await _cluster.CreateAsync();

        Assert.Equal(200, (int)(await client.SendAsync("GET", $"{E2bClient.Mount}/health")).StatusCode);
        Assert.Equal(204, (int)(await box.SendAsync(E2bClient.Envd, "GET", "/health")).StatusCode);
        Assert.Equal(200, (int)(await box.SendAsync(E2bClient.Interpreter, "GET", "/health")).StatusCode);
        await client.SendAsync("DELETE", $"{E2bClient.Mount}/sandboxes/{box.Id}", null, true, ("X-API-Key", Cluster.Key));
        foreach (var port in new[] { E2bClient.Envd, E2bClient.Interpreter, 3000 })
        {
            var gone = await box.SendAsync(port, "GET", "/health");
            Assert.Equal((502, $$"""{"sandboxId":"{{box.Id}}","message":"The sandbox was not found","code":502}"""), ((int)gone.StatusCode, await gone.ReadTextAsync()));
        }
    }

    [Fact]
    public async Task A_port_that_nothing_answers_is_502()
    {
        var box = await _cluster.CreateAsync();

        var response = await box.SendAsync(3000, "GET", "/");

        Assert.Equal((502, $$"""{"sandboxId":"{{box.Id}}","message":"The sandbox is running but port is not open","port":3000,"code":502}"""), ((int)response.StatusCode, await response.ReadTextAsync()));
    }

    [Theory]
    [InlineData("sbx")]
    [InlineData("sbx0")]
    [InlineData("sbx_00000001ffffffffffffffffffffffff")]
    [InlineData("sbx00000001ffffffffffffffffffffffff")]
    [InlineData("../v1")]
    public async Task An_unknown_sandbox_is_502(string id)
    {
        var box = new E2bClient.Box(_cluster, id, "x", "y");

        Assert.Equal(502, (int)(await box.CallAsync("process.Process/List", "{}")).StatusCode);
    }

    [Theory]
    [InlineData("/_e2b/control/sandboxes")]
    [InlineData("/_e2b/49983/sbx_00000001ffffffffffffffffffffffff/health")]
    [InlineData("/_E2B/control/sandboxes")]
    public async Task The_routes_themselves_cannot_be_named_from_outside(string path) =>
        await (await _cluster.Client.SendAsync("GET", path)).AssertProblemAsync(404, "not_found");

    [Fact]
    public async Task Nothing_of_the_native_API_is_reached_through_the_host_of_a_sandbox()
    {
        var box = await _cluster.CreateAsync();
        foreach (var path in new[] { "/v1/sandboxes", "/compat/podflare/v1/sandboxes", "/metrics", "/docs", "/console", "/openapi.json", "/livez", "/readyz", "/mcp", "/compat/e2b/sandboxes", "/_e2b/control/sandboxes" })
        {
            foreach (var (host, status) in new[] { ($"{E2bClient.Envd}-{box.Id}.localhost", 401), ($"{E2bClient.Interpreter}-{box.NativeId}.localhost:7070", 502), ($"3000-{box.Id}.localhost", 502) })
            {
                using var response = await RawHttp.SendAsync(_cluster, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {Cluster.Key}\r\nConnection: close\r\n\r\n");

                Assert.True((int)response.StatusCode == status, $"{host}{path}: {(int)response.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task Hosts_win_over_headers()
    {
        var (one, two) = (await _cluster.CreateAsync(), await _cluster.CreateAsync());

        using var response = await RawHttp.SendAsync(
            _cluster, $"GET /health HTTP/1.1\r\nHost: {E2bClient.Envd}-{one.Id}.localhost\r\nE2b-Sandbox-Id: {two.Id}\r\nE2b-Sandbox-Port: {E2bClient.Interpreter}\r\nConnection: close\r\n\r\n");

        Assert.Equal(204, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_signed_URL_opens_one_file_for_one_operation()
    {
        var (box, other) = (await _cluster.CreateAsync(), await _cluster.CreateAsync());
        _cluster.World.Sandboxes[box.NativeId].Files["/home/user/a.txt"] = "hello"u8.ToArray();
        var later = TimeProvider.System.GetUtcNow().AddMinutes(1).ToUnixTimeSeconds();

        Assert.Equal("hello", await ReadAsync(200, FileSignature.Of("a.txt", "read", "", box.EnvdToken, null)));
        Assert.Equal("hello", await ReadAsync(200, FileSignature.Of("a.txt", "read", "user", box.EnvdToken, later), "user", later));
        Assert.Contains("missing signature query parameter", await ReadAsync(401, null), StringComparison.Ordinal);
        Assert.Contains("signature is already expired", await ReadAsync(401, FileSignature.Of("a.txt", "read", "", box.EnvdToken, 1), "", 1), StringComparison.Ordinal);
        foreach (var wrong in new[]
        {
            FileSignature.Of("a.txt", "write", "", box.EnvdToken, null), FileSignature.Of("b.txt", "read", "", box.EnvdToken, null), FileSignature.Of("a.txt", "read", "root", box.EnvdToken, null),
            FileSignature.Of("a.txt", "read", "", other.EnvdToken, null), FileSignature.Of("a.txt", "read", "", box.EnvdToken, later), FileSignature.Of("a.txt", "read", "", "", null), "v1_", "x",
        })
            Assert.Contains("invalid signature", await ReadAsync(401, wrong), StringComparison.Ordinal);

        async Task<string> ReadAsync(int status, string? signature, string user = "", long? expiration = null)
        {
            var query = $"path=a.txt{(signature is null ? "" : $"&signature={Uri.EscapeDataString(signature)}")}{(user.Length > 0 ? $"&username={user}" : "")}";
            if (expiration is { } at) query += string.Create(CultureInfo.InvariantCulture, $"&signature_expiration={at}");
            var response = await box.SendAsync(E2bClient.Envd, "GET", $"/files?{query}");
            Assert.Equal(status, (int)response.StatusCode);
            return await response.ReadTextAsync();
        }
    }

    [Fact]
    public void The_signature_is_that_of_the_client() =>
        // Computed with Node, as getSignature of the npm package e2b 2.51.0 does.
        Assert.Equal("v1_Uc4NID7NNnqSxbrw6d22J7SS5nTrgnaLykpNFGo8Oco", FileSignature.Of("/home/user/a b.txt", "read", "user", "token", 1700000000));
}
