namespace Podflare;

/// <summary><c>GET /v1/info</c>.</summary>
public sealed class InfoTests(SharedCluster shared)
{
    [Fact]
    public async Task The_server_describes_itself_to_everybody()
    {
        using var stranger = shared.Cluster.ClientOf(null);

        var info = await (await stranger.SendAsync("GET", "/v1/info")).ReadJsonAsync();

        Assert.Equal(("keys", "/docs", "/openapi/v1.json"), (info.Text("auth"), info.GetProperty("links").Text("docs"), info.GetProperty("links").Text("openapi")));
        Assert.Equal(["version", "auth", "region", "public_url", "status_url", "links", "features", "trace_link"], info.EnumerateObject().Select(property => property.Name));
        Assert.Contains("sandbox_metrics", info.GetProperty("features").EnumerateArray().Select(feature => feature.GetString()));
        foreach (var link in info.GetProperty("links").EnumerateObject()) Assert.Equal(200, (int)(await stranger.SendAsync("GET", link.Value.GetString()!)).StatusCode);
    }

    [Fact]
    public async Task It_names_what_it_was_given()
    {
        await using var cluster = await Cluster.StartAsync(
            [], ("PODFLARE_API_KEYS", ""), ("PODFLARE_PUBLIC_URL", "https://podflare.example.com/"), ("Podflare:Info:StatusUrl", "https://status.example.com"),
            ("Podflare:Info:TraceLink", "https://traces.example.com/{trace_id}?view=1"));
        using var client = cluster.ClientOf(null);

        var info = await (await client.SendAsync("GET", "/v1/info")).ReadJsonAsync();

        Assert.Equal(
            ("none", "https://podflare.example.com", "https://status.example.com", "https://traces.example.com/{trace_id}?view=1"),
            (info.Text("auth"), info.Text("public_url"), info.Text("status_url"), info.Text("trace_link")));
    }
}
