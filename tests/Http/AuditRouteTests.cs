using System.Text.Json;
using Podflare.Audit;

namespace Podflare;

public sealed class AuditRouteTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task Administrative_acts_are_listed_newest_first_and_form_a_chain()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var (key, _) = await _cluster.CreateKeyAsync(tenant, "sandboxes");
        using var client = await _cluster.ClientOfAsync(tenant, "keys");
        client.DefaultRequestHeaders.UserAgent.ParseAdd("test/1.0");
        Assert.Equal(204, (int)(await client.SendAsync("DELETE", $"/v1/keys/{key}")).StatusCode);

        JsonElement[] entries = [];
        await Cluster.WaitAsync(async () => (entries = await ReadAsync(client, "/v1/audit")).Length >= 4);

        Assert.Equal(["key.revoke", "key.create", "key.create", "tenant.create"], entries.Select(entry => entry.Text("action")));
        AuditLink? before = null;
        foreach (var entry in entries.Reverse())
        {
            Assert.Null(AuditChain.Check(before, entry, out var link));
            before = link;
        }

        Assert.Equal((key, tenant, "127.0.0.1", "test/1.0"), (entries[0].GetProperty("target").Text("id"), entries[0].Text("tenant"), entries[0].GetProperty("source").Text("address"), entries[0].GetProperty("source").Text("user_agent")));
        Assert.DoesNotContain("pf_live_", string.Concat(entries.Select(entry => entry.GetRawText())).Replace("\"prefix\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(["key.create", "key.create"], (await ReadAsync(client, "/v1/audit?action=key.create")).Select(entry => entry.Text("action")));
        Assert.Empty(await ReadAsync(client, "/v1/audit?to=2026-01-01"));
    }

    [Fact]
    public async Task Pages_continue_where_the_one_before_ended()
    {
        var tenant = await _cluster.CreateTenantAsync();
        for (var i = 0; i < 3; i++) await _cluster.CreateKeyAsync(tenant, "read");
        using var client = await _cluster.ClientOfAsync(tenant, "keys");
        await Cluster.WaitAsync(async () => (await ReadAsync(client, "/v1/audit")).Length >= 5);

        var first = await (await client.SendAsync("GET", "/v1/audit?limit=3")).ReadJsonAsync();
        var second = await (await client.SendAsync("GET", $"/v1/audit?limit=3&cursor={first.Text("next_cursor")}")).ReadJsonAsync();

        Assert.Equal([5L, 4, 3], first.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("seq").GetInt64()));
        Assert.Equal([2L, 1], second.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("seq").GetInt64()));
        Assert.Null(second.Text("next_cursor"));
        await (await client.SendAsync("GET", "/v1/audit?cursor=x")).AssertProblemAsync(400, "invalid_request");
        await (await client.SendAsync("GET", "/v1/audit?from=then")).AssertProblemAsync(400, "invalid_request");
    }

    [Fact]
    public async Task Another_tenants_log_is_for_administrators_alone()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var other = await _cluster.ClientOfAsync(await _cluster.CreateTenantAsync(), "keys");

        await Cluster.WaitAsync(async () => (await ReadAsync(admin, $"/v1/audit?tenant={tenant}")).Length == 1);
        await (await other.SendAsync("GET", $"/v1/audit?tenant={tenant}")).AssertProblemAsync(403, "insufficient_scope");
    }

    private static async Task<JsonElement[]> ReadAsync(HttpClient client, string path) =>
        [.. (await (await client.SendAsync("GET", path)).ReadJsonAsync()).GetProperty("entries").EnumerateArray()];
}
