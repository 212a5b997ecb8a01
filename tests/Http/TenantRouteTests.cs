using System.Collections.Immutable;

namespace Podflare;

public sealed class TenantRouteTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_tenant_is_created_once_and_its_limits_are_changed_one_by_one()
    {
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        var id = await _cluster.CreateTenantAsync(more: ",\"name\":\"Acme\",\"limits\":{\"sandboxes\":50,\"running\":3,\"requests_per_second\":2.5}");

        await (await admin.SendAsync("POST", "/v1/tenants", $$"""{"id":"{{id}}"}""")).AssertProblemAsync(409, "tenant_exists");
        var changed = await (await admin.SendAsync("PATCH", $"/v1/tenants/{id}", """{"limits":{"running":null,"memory_mib":1024}}""")).ReadJsonAsync();

        Assert.Equal(("Acme", "active"), (changed.Text("name"), changed.Text("state")));
        var limits = changed.GetProperty("limits");
        Assert.Equal((50, 1024, 2.5), (limits.GetProperty("sandboxes").GetInt32(), limits.GetProperty("memory_mib").GetInt32(), limits.GetProperty("requests_per_second").GetDouble()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, limits.GetProperty("running").ValueKind);
        Assert.Equal(changed.GetRawText(), await (await admin.SendAsync("GET", $"/v1/tenants/{id}")).ReadTextAsync());
        using var own = await _cluster.ClientOfAsync(id, "read");
        var current = await (await own.SendAsync("GET", "/v1/tenants/current")).ReadJsonAsync();
        Assert.Equal((id, 50, 10), (current.Text("id"), current.GetProperty("limits").GetProperty("sandboxes").GetInt32(), current.GetProperty("limits").GetProperty("running").GetInt32()));
    }

    [Theory]
    [InlineData("{}", "id")]
    [InlineData("""{"id":"a b"}""", "id")]
    [InlineData("""{"id":"current"}""", "id")]
    [InlineData("""{"id":"_server"}""", "id")]
    [InlineData("""{"id":"ok-1","limits":{"sandboxes":-1}}""", "limits.sandboxes")]
    [InlineData("""{"id":"ok-1","limits":{"sandboxen":1}}""", "limits")]
    public async Task A_field_that_is_wrong_is_named(string body, string field)
    {
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        var problem = await (await admin.SendAsync("POST", "/v1/tenants", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        await (await admin.SendAsync("GET", "/v1/tenants/ok-1")).AssertProblemAsync(404, "tenant_not_found");
    }

    [Fact]
    public async Task A_suspended_tenant_is_refused_until_it_is_resumed()
    {
        var id = await _cluster.CreateTenantAsync();
        var sandbox = _cluster.World.Add(new(id));
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var client = await _cluster.ClientOfAsync(id, "sandboxes");
        using var stream = await client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", "hold for-ever"), wait: false);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        Assert.Equal("suspended", (await (await admin.SendAsync("PATCH", $"/v1/tenants/{id}", """{"state":"suspended"}""")).ReadJsonAsync()).Text("state"));

        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(403, "tenant_suspended");
        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        Assert.Equal("active", (await (await admin.SendAsync("PATCH", $"/v1/tenants/{id}", """{"state":"active"}""")).ReadJsonAsync()).Text("state"));
        Assert.Equal(200, (int)(await client.SendAsync("GET", $"/v1/sandboxes/{sandbox}")).StatusCode);
    }

    [Fact]
    public async Task Without_contact_to_the_registry_for_too_long_every_key_is_refused_until_it_answers()
    {
        await using var cluster = await Cluster.StartAsync([], ("Podflare:Keys:MaxStaleSeconds", "5"));
        var id = await cluster.CreateTenantAsync();
        using var client = await cluster.ClientOfAsync(id, "sandboxes");
        Assert.Equal(200, await StatusAsync());

        var began = TimeProvider.System.GetTimestamp();
        cluster.World.RegistryFailure = () => new TimeoutException("no answer");
        await Cluster.WaitAsync(async () => await StatusAsync() == 503);

        // The last answer may be as old as the interval of the questions.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 3, 20);
        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(503, "storage_unavailable");
        // Nobody has created this tenant, so nobody can revoke its key.
        Assert.Equal(200, (int)(await cluster.Client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        cluster.World.RegistryFailure = null;
        await Cluster.WaitAsync(async () => await StatusAsync() == 200);

        async Task<int> StatusAsync() => (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode;
    }

    [Fact]
    public async Task A_deleted_tenant_has_no_keys_and_soon_no_sandboxes()
    {
        var id = await _cluster.CreateTenantAsync();
        var sandbox = _cluster.World.Add(new(id));
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var client = await _cluster.ClientOfAsync(id, "sandboxes");

        Assert.Equal(202, (int)(await admin.SendAsync("DELETE", $"/v1/tenants/{id}")).StatusCode);

        var problem = await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
        Assert.Equal("the API key is revoked", problem.Text("detail"));
        await Cluster.WaitAsync(() => _cluster.World.Sandboxes[sandbox.Value].Info.EndedAt is not null);
        Assert.Equal(202, (int)(await admin.SendAsync("DELETE", $"/v1/tenants/{id}")).StatusCode);
        Assert.Equal("deleted", (await (await admin.SendAsync("GET", $"/v1/tenants/{id}")).ReadJsonAsync()).Text("state"));
        await (await admin.SendAsync("PATCH", $"/v1/tenants/{id}", """{"name":"x"}""")).AssertProblemAsync(404, "tenant_not_found");
        await (await admin.SendAsync("POST", "/v1/keys", $$"""{"name":"x","scopes":["read"],"tenant":"{{id}}"}""")).AssertProblemAsync(404, "tenant_not_found");
        await (await admin.SendAsync("POST", "/v1/tenants", $$"""{"id":"{{id}}"}""")).AssertProblemAsync(409, "tenant_exists");
    }

    [Fact]
    public async Task An_administrator_sees_and_ends_sandboxes_but_not_what_is_in_them()
    {
        var id = await _cluster.CreateTenantAsync();
        var metadata = ImmutableSortedDictionary<string, string>.Empty.Add("customer", "secret-name");
        var sandbox = _cluster.World.Add(new(id), spec: new("python", TimeSpan.FromHours(1), TimeSpan.FromHours(1), null, null, false, metadata, metadata));
        var other = _cluster.World.Add();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        var list = await admin.SendAsync("GET", $"/v1/tenants/{id}/sandboxes");

        var shown = Assert.Single((await list.ReadJsonAsync()).GetProperty("sandboxes").EnumerateArray());
        Assert.Equal(["id", "state", "template", "created_at", "expires_at", "ended_at", "ended_reason"], shown.EnumerateObject().Select(member => member.Name));
        Assert.DoesNotContain("secret-name", await list.ReadTextAsync(), StringComparison.Ordinal);
        await (await admin.SendAsync("GET", $"/v1/sandboxes/{sandbox}")).AssertProblemAsync(403, "insufficient_scope");
        Assert.Equal(204, (int)(await admin.SendAsync("DELETE", $"/v1/tenants/{id}/sandboxes/{sandbox}")).StatusCode);
        Assert.NotNull(_cluster.World.Sandboxes[sandbox.Value].Info.EndedAt);
        await (await admin.SendAsync("DELETE", $"/v1/tenants/{id}/sandboxes/{other}")).AssertProblemAsync(404, "sandbox_not_found");
        await (await admin.SendAsync("DELETE", $"/v1/tenants/never-existed/sandboxes/{other}")).AssertProblemAsync(404, "tenant_not_found");
        Assert.Null(_cluster.World.Sandboxes[other.Value].Info.EndedAt);
    }

    [Fact]
    public async Task A_list_comes_in_pages_ordered_by_id()
    {
        foreach (var letter in new[] { "c", "a", "b" }) await _cluster.CreateTenantAsync($"zz-{letter}");
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        var first = await (await admin.SendAsync("GET", "/v1/tenants?limit=2&cursor=zz-")).ReadJsonAsync();
        var second = await (await admin.SendAsync("GET", $"/v1/tenants?limit=2&cursor={first.Text("next_cursor")}")).ReadJsonAsync();

        Assert.Equal(["zz-a", "zz-b"], first.GetProperty("tenants").EnumerateArray().Select(tenant => tenant.Text("id")));
        Assert.Equal("zz-c", second.GetProperty("tenants").EnumerateArray().First().Text("id"));
    }

    [Fact]
    public async Task A_tenant_of_the_environment_needs_no_record()
    {
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        Assert.Equal("active", (await (await admin.SendAsync("GET", "/v1/tenants/ops")).AssertProblemFreeAsync()).Text("state"));
        Assert.Equal("ops", (await (await admin.SendAsync("GET", "/v1/tenants/current")).AssertProblemFreeAsync()).Text("id"));
        using var client = await _cluster.ClientOfAsync("ops", "read");
        Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }
}
