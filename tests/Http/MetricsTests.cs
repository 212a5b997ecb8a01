using Podflare.Telemetry;

namespace Podflare;

/// <summary>Metrics on the port of the API.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task A_key_with_the_scope_reads_what_this_process_has_measured()
    {
        await using var cluster = await Cluster.StartAsync([], (MetricsEndpoint.OnApiKey, "true"));
        var tenant = await cluster.CreateTenantAsync();
        using var reader = await cluster.ClientOfAsync(tenant, "metrics:read");
        using var administrator = cluster.ClientOf(Cluster.AdminKey);
        await (await cluster.Client.SendAsync("GET", "/metrics")).AssertProblemAsync(403, "insufficient_scope");
        await (await cluster.ClientOf(null).SendAsync("GET", "/metrics")).AssertProblemAsync(401, "missing_api_key");

        foreach (var client in new[] { reader, administrator })
        {
            client.DefaultRequestHeaders.AcceptEncoding.Clear();
            using var answer = await client.SendAsync("GET", "/metrics");
            var text = await answer.ReadTextAsync();

            Assert.Equal((200, "text/plain"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.Contains("\nhttp_server_request_duration_seconds_count{", text, StringComparison.Ordinal);
            // All tenants share them, so no series may name one.
            Assert.DoesNotContain(tenant, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_does_not_offer_them_there_by_default()
    {
        await using var cluster = await Cluster.StartAsync([]);
        using var client = cluster.ClientOf(Cluster.AdminKey);

        var refusal = await (await client.SendAsync("GET", "/metrics")).AssertProblemAsync(501, "not_offered");

        Assert.Contains(MetricsEndpoint.OnApiKey, refusal.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
