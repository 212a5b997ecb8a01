namespace Podflare;

public sealed class KeyRouteTests(SharedCluster shared)
{
    private readonly Cluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_new_key_is_shown_once_and_works_at_once()
    {
        var tenant = await _cluster.CreateTenantAsync();
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        var response = await admin.SendAsync("POST", "/v1/keys", $$"""{"name":"ci","tenant":"{{tenant}}","scopes":["sandboxes","keys"],"expires_in_seconds":3600}""");

        var key = await response.ReadJsonAsync();
        Assert.Equal((201, "no-store", $"/v1/keys/{key.Text("id")}"), ((int)response.StatusCode, response.Header("Cache-Control"), response.Header("Location")));
        Assert.Equal(
            ["id", "key", "name", "tenant", "scopes", "prefix", "state", "created_at", "created_by", "expires_at", "last_used_at", "replaces"], key.EnumerateObject().Select(member => member.Name));
        var secret = key.Text("key")!;
        Assert.Matches("^pf_live_[0-9A-Za-z]{36}$", secret);
        Assert.Equal((secret[..12], "active", tenant, "ci"), (key.Text("prefix"), key.Text("state"), key.Text("tenant"), key.Text("name")));
        Assert.StartsWith("env_", key.Text("created_by"), StringComparison.Ordinal);
        using var client = _cluster.ClientOf(secret);
        var current = await client.SendAsync("GET", "/v1/keys/current");
        var list = await client.SendAsync("GET", "/v1/keys");
        Assert.Equal(200, (int)(await client.SendAsync("POST", "/v1/sandboxes", "{}")).StatusCode);
        foreach (var answer in new[] { current, list, await client.SendAsync("GET", $"/v1/keys/{key.Text("id")}") })
        {
            var text = await answer.ReadTextAsync();
            Assert.Contains(key.Text("id")!, text, StringComparison.Ordinal);
            Assert.DoesNotContain(secret[12..], text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"key\":\"", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_revoked_key_is_refused_with_its_reason_and_revoking_it_again_is_harmless()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var (id, secret) = await _cluster.CreateKeyAsync(tenant, "sandboxes");
        using var keys = await _cluster.ClientOfAsync(tenant, "keys sandboxes");
        using var client = _cluster.ClientOf(secret);
        Assert.Equal(200, (int)(await client.SendAsync("GET", "/v1/sandboxes")).StatusCode);

        Assert.Equal(204, (int)(await keys.SendAsync("DELETE", $"/v1/keys/{id}")).StatusCode);

        var problem = await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
        Assert.Equal(("invalid api key", "the API key is revoked"), (problem.Text("error"), problem.Text("detail")));
        Assert.Equal(204, (int)(await keys.SendAsync("DELETE", $"/v1/keys/{id}")).StatusCode);
        Assert.Equal("revoked", (await (await keys.SendAsync("GET", $"/v1/keys/{id}")).ReadJsonAsync()).Text("state"));
        await (await keys.SendAsync("PATCH", $"/v1/keys/{id}", """{"name":"x"}""")).AssertProblemAsync(404, "key_not_found");
    }

    [Fact]
    public async Task A_rotated_key_works_for_its_overlap()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var (id, secret) = await _cluster.CreateKeyAsync(tenant, "keys read");
        using var old = _cluster.ClientOf(secret);

        var rotated = await (await old.SendAsync("POST", $"/v1/keys/{id}/rotate", """{"overlap_seconds":3600}""")).ReadJsonAsync();

        using var next = _cluster.ClientOf(rotated.Text("key"));
        Assert.Equal((id, tenant), (rotated.Text("replaces"), rotated.Text("tenant")));
        Assert.Equal(["read", "keys"], rotated.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.Equal(200, (int)(await old.SendAsync("GET", "/v1/sandboxes")).StatusCode);
        Assert.NotNull((await (await next.SendAsync("GET", $"/v1/keys/{id}")).ReadJsonAsync()).Text("expires_at"));
        Assert.Equal(201, (int)(await next.SendAsync("POST", $"/v1/keys/{id}/rotate", """{"overlap_seconds":0}""")).StatusCode);
        var problem = await (await old.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
        Assert.Equal("the API key is expired", problem.Text("detail"));
        Assert.Equal(200, (int)(await next.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task A_key_gives_nobody_more_than_it_has_itself()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var (strong, _) = await _cluster.CreateKeyAsync(tenant, "sandboxes admin");
        var (self, secret) = await _cluster.CreateKeyAsync(tenant, "keys read");
        using var client = _cluster.ClientOf(secret);

        foreach (var (method, path, body) in new[]
        {
            ("POST", "/v1/keys", """{"name":"x","scopes":["sandboxes"]}"""),
            ("POST", "/v1/keys", """{"name":"x","scopes":["read","admin"]}"""),
            ("POST", "/v1/keys", """{"name":"x","scopes":["read"],"tenant":"acme"}"""),
            ("POST", $"/v1/keys/{strong}/rotate", "{}"),
            ("PATCH", $"/v1/keys/{strong}", """{"expires_in_seconds":9999999}"""),
            ("PATCH", $"/v1/keys/{self}", """{"scopes":["keys","sandboxes"]}"""),
            ("GET", "/v1/keys?tenant=acme", null),
        })
            await (await client.SendAsync(method, path, body)).AssertProblemAsync(403, "insufficient_scope");

        Assert.Equal(201, (int)(await client.SendAsync("POST", "/v1/keys", """{"name":"x","scopes":["read"]}""")).StatusCode);
        Assert.Equal(200, (int)(await client.SendAsync("PATCH", $"/v1/keys/{self}", """{"expires_in_seconds":3600}""")).StatusCode);
        await (await client.SendAsync("PATCH", $"/v1/keys/{self}", """{"expires_in_seconds":7200}""")).AssertProblemAsync(403, "insufficient_scope");
        Assert.Equal(200, (int)(await client.SendAsync("PATCH", $"/v1/keys/{self}", """{"scopes":["keys"]}""")).StatusCode);
        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(403, "insufficient_scope");
        Assert.Equal(204, (int)(await client.SendAsync("DELETE", $"/v1/keys/{strong}")).StatusCode);
    }

    [Fact]
    public async Task A_key_of_the_environment_is_shown_and_cannot_be_changed()
    {
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        var current = await (await _cluster.Client.SendAsync("GET", "/v1/keys/current")).AssertProblemFreeAsync();
        var id = current.Text("id");

        Assert.Matches("^env_[0-9a-f]{8}$", id);
        Assert.Equal(("default", "environment"), (current.Text("tenant"), current.Text("name")));
        Assert.Null(current.Text("prefix"));
        foreach (var (method, path) in new[] { ("DELETE", $"/v1/keys/{id}"), ("PATCH", $"/v1/keys/{id}"), ("POST", $"/v1/keys/{id}/rotate") })
            await (await admin.SendAsync(method, path, method == "DELETE" ? null : "{}")).AssertProblemAsync(409, "key_from_environment");
        await (await admin.SendAsync("DELETE", "/v1/keys/env_00000000")).AssertProblemAsync(404, "key_not_found");
        Assert.Equal(200, (int)(await _cluster.Client.SendAsync("GET", "/v1/sandboxes")).StatusCode);
    }

    [Fact]
    public async Task A_list_comes_in_pages()
    {
        var tenant = await _cluster.CreateTenantAsync();
        for (var i = 0; i < 5; i++) await _cluster.CreateKeyAsync(tenant, "read");
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        List<string> seen = [];
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await (await admin.SendAsync("GET", $"/v1/keys?tenant={tenant}&limit=2&cursor={cursor}")).ReadJsonAsync();
            seen.AddRange(page.GetProperty("keys").EnumerateArray().Select(key => key.Text("id")!));
            cursor = page.Text("next_cursor");
        }

        Assert.Equal((5, 5), (seen.Count, seen.Distinct().Count()));
        Assert.Empty((await (await admin.SendAsync("GET", $"/v1/keys?tenant={tenant}&state=revoked")).ReadJsonAsync()).GetProperty("keys").EnumerateArray());
        await (await admin.SendAsync("GET", $"/v1/keys?tenant={tenant}&cursor=x")).AssertProblemAsync(400, "invalid_request");
        await (await admin.SendAsync("GET", "/v1/keys?tenant=never-existed")).AssertProblemAsync(404, "tenant_not_found");
    }

    [Theory]
    [InlineData("{}", "name")]
    [InlineData("""{"name":"x","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"x","scopes":["everything"]}""", "scopes[0]")]
    [InlineData("""{"name":"","scopes":["read"]}""", "name")]
    [InlineData("""{"name":"x","scopes":["read"],"expires_in_seconds":0}""", "expires_in_seconds")]
    [InlineData("""{"name":"x","scopes":["read"],"expires_at":"2001-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"x","scopes":["read"],"expires_at":"tomorrow"}""", "expires_at")]
    [InlineData("""{"name":"x","scopes":["read"],"tenant":"a/b"}""", "tenant")]
    public async Task A_field_that_is_wrong_is_named(string body, string field)
    {
        using var admin = _cluster.ClientOf(Cluster.AdminKey);

        var problem = await (await admin.SendAsync("POST", "/v1/keys", body)).AssertProblemAsync(400, "invalid_request");

        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Fact]
    public async Task A_stream_is_aborted_when_its_key_is_revoked()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var sandbox = _cluster.World.Add(new(tenant));
        var (id, secret) = await _cluster.CreateKeyAsync(tenant, "sandboxes");
        using var client = _cluster.ClientOf(secret);
        using var admin = _cluster.ClientOf(Cluster.AdminKey);
        using var stream = await client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", "hold for-ever"), wait: false);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        Assert.Equal(204, (int)(await admin.SendAsync("DELETE", $"/v1/keys/{id}")).StatusCode);

        // A clean end would look like the end of the run.
        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stream_is_aborted_when_its_key_expires()
    {
        var tenant = await _cluster.CreateTenantAsync();
        var sandbox = _cluster.World.Add(new(tenant));
        var (_, secret) = await _cluster.CreateKeyAsync(tenant, "sandboxes", ",\"expires_in_seconds\":2");
        using var client = _cluster.ClientOf(secret);
        using var stream = await client.SendAsync("POST", $"/v1/sandboxes/{sandbox}/exec", Replies.Script("out 1", "hold for-ever"), wait: false);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));

        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        await (await client.SendAsync("GET", "/v1/sandboxes")).AssertProblemAsync(401, "invalid_api_key");
    }
}
