using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Podflare;

public sealed class WebhookRouteTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_webhook_is_created_changed_listed_and_deleted_and_its_secret_is_shown_once()
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var response = await client.SendAsync("POST", "/v1/webhooks", """{"url":"https://example.com/hook","events":["run.*","sandbox.lost","run.*"],"description":"mine"}""");
        var created = await response.ReadJsonAsync();
        Assert.Equal((201, "no-store", $"/v1/webhooks/{created.Text("id")}"), ((int)response.StatusCode, response.Header("Cache-Control"), response.Header("Location")));
        Assert.Equal(["id", "secret", "url", "events", "description", "state", "disabled_because", "created_at", "pending", "skipped"], created.EnumerateObject().Select(member => member.Name));
        Assert.Matches("^whk_[0-9a-f]{24}$", created.Text("id"));
        Assert.StartsWith("whsec_", created.Text("secret"), StringComparison.Ordinal);
        Assert.Equal("""["run.*","sandbox.lost"]""", created.GetProperty("events").GetRawText());

        var path = $"/v1/webhooks/{created.Text("id")}";
        var changed = await (await client.SendAsync("PATCH", path, """{"state":"disabled","events":["*"]}""")).ReadJsonAsync();
        Assert.Equal(("disabled", "its tenant has disabled it", "mine"), (changed.Text("state"), changed.Text("disabled_because"), changed.Text("description")));
        await (await client.SendAsync("POST", path + "/test")).AssertProblemAsync(409, "webhook_disabled");
        var listed = Assert.Single((await (await client.SendAsync("GET", "/v1/webhooks")).ReadJsonAsync()).GetProperty("webhooks").EnumerateArray());
        Assert.Equal(changed.GetRawText(), listed.GetRawText());
        Assert.Equal(changed.GetRawText(), await (await client.SendAsync("GET", path)).ReadTextAsync());
        var rotated = await (await client.SendAsync("POST", path + "/rotate")).ReadJsonAsync();
        Assert.NotEqual(created.Text("secret"), rotated.Text("secret"));

        Assert.Equal(204, (int)(await client.SendAsync("DELETE", path)).StatusCode);
        foreach (var (method, suffix) in new[] { ("GET", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/test"), ("GET", "/deliveries"), ("POST", "/deliveries/1/replay") })
            await (await client.SendAsync(method, path + suffix)).AssertProblemAsync(404, "webhook_not_found");
        await (await client.SendAsync("PATCH", path, "{}")).AssertProblemAsync(404, "webhook_not_found");
        Assert.Empty((await (await client.SendAsync("GET", "/v1/webhooks")).ReadJsonAsync()).GetProperty("webhooks").EnumerateArray());
    }

    [Theory]
    [InlineData("""{}""", "url")]
    [InlineData("""{"url":"https://example.com/"}""", "events")]
    [InlineData("""{"url":"https://example.com/","events":[]}""", "events")]
    [InlineData("""{"url":"https://example.com/","events":["run.exploded"]}""", "events")]
    [InlineData("""{"url":"https://example.com/","events":"run.ended"}""", "events")]
    [InlineData("""{"url":7,"events":["*"]}""", "url")]
    [InlineData("""{"url":"https://example.com/","events":["*"],"description":"a\nb"}""", "description")]
    [InlineData("""[]""", "body")]
    [InlineData("""{"url":""", "body")]
    public async Task A_wrong_field_is_named(string body, string field)
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var problem = await (await client.SendAsync("POST", "/v1/webhooks", body)).AssertProblemAsync(400, "invalid_request");
        Assert.Contains(problem.GetProperty("errors").EnumerateObject(), error => error.Name.StartsWith(field, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ftp://example.com/")]
    [InlineData("https://localhost/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://user:password@example.com/")]
    [InlineData("not an address")]
    public async Task An_address_that_nobody_may_reach_through_the_server_is_refused(string url)
    {
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        await (await client.SendAsync("POST", "/v1/webhooks", $$"""{"url":"{{url}}","events":["*"]}""")).AssertProblemAsync(422, "address_refused");
        Assert.Empty((await (await client.SendAsync("GET", "/v1/webhooks")).ReadJsonAsync()).GetProperty("webhooks").EnumerateArray());
    }

    [Fact]
    public async Task Another_tenants_webhook_looks_as_if_it_had_never_existed_and_there_is_a_limit()
    {
        using var owner = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var id = "";
        for (var i = 0; i < 3; i++) id = (await (await owner.SendAsync("POST", "/v1/webhooks", """{"url":"https://example.com/","events":["*"]}""")).ReadJsonAsync()).Text("id")!;

        await (await owner.SendAsync("POST", "/v1/webhooks", """{"url":"https://example.com/","events":["*"]}""")).AssertProblemAsync(429, "webhook_quota_exceeded");

        await (await other.SendAsync("GET", $"/v1/webhooks/{id}")).AssertProblemAsync(404, "webhook_not_found");
        await (await other.SendAsync("DELETE", $"/v1/webhooks/{id}")).AssertProblemAsync(404, "webhook_not_found");
        await (await owner.SendAsync("GET", "/v1/webhooks/whk_1")).AssertProblemAsync(404, "webhook_not_found");
        Assert.Equal(200, (int)(await owner.SendAsync("GET", $"/v1/webhooks/{id}")).StatusCode);
    }

    [Fact]
    public async Task A_test_arrives_and_is_among_the_deliveries()
    {
        var got = new ConcurrentQueue<string>();
        using var receiver = Listen(out var url);
        _ = Task.Run(async () =>
        {
            var context = await receiver.GetContextAsync();
            using var reader = new StreamReader(context.Request.InputStream);
            got.Enqueue(await reader.ReadToEndAsync());
            context.Response.StatusCode = 204;
            context.Response.Close();
        }, TestContext.Current.CancellationToken);
        using var client = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");
        var id = (await (await client.SendAsync("POST", "/v1/webhooks", $$"""{"url":"{{url}}","events":["run.ended"]}""")).ReadJsonAsync()).Text("id");

        Assert.Equal(202, (int)(await client.SendAsync("POST", $"/v1/webhooks/{id}/test")).StatusCode);

        JsonElement[] deliveries = [];
        await Cluster.WaitAsync(async () => (deliveries = await DeliveriesAsync(client, id!)) is [{ } one] && one.Text("state") == "delivered");
        Assert.Equal(["event_id", "event_seq", "type", "state", "attempts", "next_at"], deliveries[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(("webhook.test", "204"), (deliveries[0].Text("type"), deliveries[0].GetProperty("attempts")[0].Text("outcome")));
        Assert.Equal("webhook.test", JsonElement.Parse(Assert.Single(got)).Text("type"));
        await (await client.SendAsync("POST", $"/v1/webhooks/{id}/deliveries/7/replay")).AssertProblemAsync(404, "delivery_not_found");
        await (await client.SendAsync("POST", $"/v1/webhooks/{id}/deliveries/x/replay")).AssertProblemAsync(404, "delivery_not_found");
    }

    private static HttpListener Listen(out string url)
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        url = $"http://127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}/";
        port.Stop();
        var listener = new HttpListener { Prefixes = { url } };
        listener.Start();
        return listener;
    }

    private static async Task<JsonElement[]> DeliveriesAsync(HttpClient client, string id) =>
        [.. (await (await client.SendAsync("GET", $"/v1/webhooks/{id}/deliveries")).ReadJsonAsync()).GetProperty("deliveries").EnumerateArray()];
}
