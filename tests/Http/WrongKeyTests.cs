using Microsoft.Extensions.DependencyInjection;
using Podflare.Audit;
using Podflare.Keys;
using Podflare.Tenants;

namespace Podflare;

/// <summary>Servers of their own: about wrong keys, and about servers without keys.</summary>
public sealed class WrongKeyTests
{
    [Fact]
    public async Task Wrong_keys_are_limited_and_right_ones_from_the_same_address_are_not()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Keys:WrongBurst", "5"), ("Podflare:Keys:WrongPerSecond", "1"));
        List<int> answers = [];
        foreach (var key in new[] { "wrong", KeySecret.New(), "pf_live_0000000000000000000000000000000MtAw3" })
        {
            using var client = cluster.ClientOf(key);
            for (var i = 0; i < 4; i++) answers.Add((int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        }

        Assert.Equal(401, answers[0]);
        Assert.Equal(429, answers[^1]);
        Assert.InRange(answers.Count(status => status == 401), 5, 7);
        using var wrong = cluster.ClientOf("wrong");
        await (await wrong.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(429, "rate_limited");
        Assert.Equal(200, (int)(await cluster.Client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task A_server_without_keys_offers_no_administration_and_stores_nothing()
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);

        var problem = await (await client.SendAsync("POST", "/v1/keys", """{"name":"x","scopes":["read"]}""")).AssertProblemAsync(403, "insufficient_scope");

        Assert.Contains("PODFLARE_ADMIN_KEYS", problem.Text("detail"), StringComparison.Ordinal);
        await (await client.SendAsync("POST", "/v1/tenants", """{"id":"x"}""")).AssertProblemAsync(403, "insufficient_scope");
        Assert.Equal("default", (await (await client.SendAsync("GET", "/v1/tenants/current")).AssertProblemFreeAsync()).Text("id"));
        await (await client.SendAsync("GET", "/v1/keys/current")).AssertProblemAsync(404, "key_not_found");
    }

    [Fact]
    public async Task A_server_whose_store_has_tenants_needs_keys_although_its_environment_has_none()
    {
        await using var cluster = await Cluster.StartAsync([], ("PODFLARE_API_KEYS", ""));
        using var client = cluster.ClientOf(null);
        Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        var grain = cluster.App.Services.GetRequiredService<IGrainFactory>().GetGrain<ITenantGrain>("acme");
        await grain.Create("Acme", TenantLimits.None, AuditOrigin.System);
        var secret = KeySecret.New();

        await grain.CreateKey(new NewKey(KeyId.New(), KeyHash.Of(secret), KeySecret.PrefixOf(secret), "ci", KeyScopes.Read, null), AuditOrigin.System);

        await Cluster.WaitAsync(async () => (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode == 401);
        using var known = cluster.ClientOf(secret);
        Assert.Equal(200, (int)(await known.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task A_key_that_was_made_a_moment_ago_elsewhere_works_at_its_first_use()
    {
        await using var cluster = await Cluster.StartAsync([]);
        var grain = cluster.App.Services.GetRequiredService<IGrainFactory>().GetGrain<ITenantGrain>("acme");
        await grain.Ensure(AuditOrigin.System);
        for (var i = 0; i < 20; i++)
        {
            var secret = KeySecret.New();
            await grain.CreateKey(new NewKey(KeyId.New(), KeyHash.Of(secret), KeySecret.PrefixOf(secret), "ci", KeyScopes.Read, null), AuditOrigin.System);
            using var client = cluster.ClientOf(secret);

            Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        }
    }
}
