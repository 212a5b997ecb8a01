namespace Podflare;

public sealed class KeyTests(SharedCluster shared)
{
    private const string Sandbox = "/v1/sandboxes/sbx_00000001ffffffffffffffffffffffff";
    private readonly Cluster _cluster = shared.Cluster;

    [Theory]
    [InlineData(null, "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData("", "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData("Bearer", "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData("Bearer  ", "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData("Basic " + Cluster.Key, "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData(Cluster.Key, "missing_api_key", "missing Authorization: Bearer <key>")]
    [InlineData("Bearer wrong", "invalid_api_key", "invalid api key")]
    [InlineData("Bearer " + Cluster.Key + "x", "invalid_api_key", "invalid api key")]
    [InlineData("Bearer default:" + Cluster.Key, "invalid_api_key", "invalid api key")]
    [InlineData("Bearer acme:" + Cluster.AcmeKey, "invalid_api_key", "invalid api key")]
    public async Task Without_a_valid_key_nothing_is_told(string? authorization, string code, string error)
    {
        using var client = _cluster.ClientOf(null);
        (string, string)[] headers = authorization is null ? [] : [("Authorization", authorization)];
        foreach (var (method, path) in new[]
        {
            ("POST", "/v1/sandboxes"), ("GET", "/v1/sandboxes"), ("GET", Sandbox), ("DELETE", Sandbox), ("GET", "/V1/sandboxes"), ("POST", Sandbox + "/exec"),
            ("GET", Sandbox + "/replay"), ("POST", Sandbox + "/fork"), ("GET", "/v1/nothing"), ("PUT", "/v1/sandboxes"), ("POST", "/compat/podflare/v1/sandboxes"),
            ("GET", Sandbox + "/runs/x"), ("GET", "/v1/sandboxes/x"), ("GET", "/compat/podflare/v1/nothing"),
        })
        {
            var response = await client.SendAsync(method, path, method == "POST" ? "not json" : null, true, headers);

            var problem = await response.AssertProblemAsync(401, code);
            Assert.Equal(error, problem.GetProperty("error").GetString());
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        }
    }

    [Theory]
    [InlineData("/v1/healthz")]
    [InlineData("/compat/podflare/v1/healthz")]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    public async Task Health_is_told_to_everybody(string path)
    {
        using var client = _cluster.ClientOf(null);

        var response = await client.SendAsync("GET", path);

        Assert.Equal((200, "text/plain", "ok"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.ReadTextAsync()));
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("bearer")]
    public async Task A_key_opens_what_belongs_to_its_tenant(string scheme)
    {
        var (ours, theirs) = (_cluster.World.Add(), _cluster.World.Add(new("acme")));
        using var client = _cluster.ClientOf(null);

        Assert.Equal(200, (int)(await client.SendAsync("GET", $"/v1/sandboxes/{ours}", null, true, ("Authorization", $"{scheme} {Cluster.Key}"))).StatusCode);
        Assert.Equal(200, (int)(await client.SendAsync("GET", $"/v1/sandboxes/{theirs}", null, true, ("Authorization", $"{scheme} {Cluster.AcmeKey}"))).StatusCode);
        Assert.Equal(404, (int)(await client.SendAsync("GET", $"/v1/sandboxes/{ours}", null, true, ("Authorization", $"{scheme} {Cluster.AcmeKey}"))).StatusCode);
    }
}
