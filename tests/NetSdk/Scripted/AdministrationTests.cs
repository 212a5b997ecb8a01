using System.Net;

namespace Podflare.NetSdk.Scripted;

/// <summary>Keys, tenants, usage and the audit log: what the client sends, and what it makes of the answers.</summary>
public sealed class AdministrationTests
{
    private const string Secret = "pf_live_0000000000000000000000000000000MtAw2";

    private const string Key =
        "\"id\":\"key_1\",\"name\":\"ci\",\"tenant\":\"acme\",\"scopes\":[\"read\"],\"prefix\":\"pf_live_0000\",\"state\":\"active\",\"created_at\":\"2026-11-30T12:00:00.000Z\",\"created_by\":\"env_1\",\"expires_at\":null";

    private const string Tenant =
        "\"id\":\"acme\",\"name\":\"Acme\",\"state\":\"suspended\",\"limits\":{\"sandboxes\":50,\"running\":null,\"egress_hosts\":[\"a.example\"]},\"created_at\":\"2026-11-30T12:00:00.000Z\"";

    private const string Amounts =
        "\"sandboxes\":3,\"sandbox_seconds\":812.407,\"cpu_seconds\":31.2,\"memory_gib_seconds\":406.2,\"runs\":57,\"bytes_out\":18231";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_from_create_to_revoke()
    {
        var server = new ScriptedServer().Json("{" + Key + ",\"key\":\"" + Secret + "\"}").Json("{" + Key + "}", times: 3).Json("{" + Key + ",\"key\":\"" + Secret + "\"}").Then(NoContent);
        var keys = server.Connect().Keys;
        var key = await keys.CreateAsync("ci", new ApiKeyOptions { Scopes = [ApiKeyScopes.Read], Lifetime = TimeSpan.FromMinutes(1), Tenant = "acme" }, Cancellation);
        Assert.Equal((Secret, "key_1", ApiKeyState.Active, "pf_live_0000", null), (key.Secret, key.Id, key.State, key.Prefix, key.ExpiresAt));
        Assert.Equal(["read"], key.Scopes);
        // A secret must not get into logs by accident.
        Assert.DoesNotContain(Secret, key.ToString(), StringComparison.Ordinal);
        await keys.GetCurrentAsync(Cancellation);
        await keys.GetAsync("key_1", Cancellation);
        await keys.UpdateAsync("key_1", new ApiKeyUpdate { Name = "build" }, Cancellation);
        Assert.Equal(Secret, (await keys.RotateAsync("key_1", TimeSpan.Zero, Cancellation)).Secret);
        await keys.RevokeAsync("key_1", Cancellation);
        Assert.Equal(
            [
                """POST /v1/keys {"name":"ci","scopes":["read"],"expires_in_seconds":60,"tenant":"acme"}""",
                "GET /v1/keys/current",
                "GET /v1/keys/key_1",
                """PATCH /v1/keys/key_1 {"name":"build"}""",
                """POST /v1/keys/key_1/rotate {"overlap_seconds":0}""",
                "DELETE /v1/keys/key_1",
            ],
            Sent(server));
    }

    [Fact]
    public async Task A_webhook_from_create_to_delete()
    {
        const string Webhook = "\"id\":\"whk_1\",\"url\":\"https://example.com/hook\",\"events\":[\"run.ended\"],\"description\":\"\",\"state\":\"disabled\",\"disabled_because\":\"it answered 410 Gone\",\"pending\":2,\"skipped\":7";
        var server = new ScriptedServer()
            .Json("{" + Webhook + ",\"secret\":\"whsec_x\"}").Json("{\"webhooks\":[{" + Webhook + "}]}").Json("{" + Webhook + "}", times: 2).Json("{" + Webhook + ",\"secret\":\"whsec_y\"}")
            .Json("""{"deliveries":[{"event_id":"evt_1","event_seq":812,"type":"run.ended","state":"pending","attempts":[{"ts":"2026-11-30T12:00:00.000Z","outcome":"503","ms":12.4}],"next_at":null}]}""")
            .Then(NoContent, times: 3);
        var webhooks = server.Connect().Webhooks;
        var created = await webhooks.CreateAsync("https://example.com/hook", ["run.ended"], cancellationToken: Cancellation);
        Assert.Equal(("whsec_x", WebhookState.Disabled, "it answered 410 Gone", 2, 7L), (created.Secret, created.State, created.DisabledBecause, created.Pending, created.Skipped));
        // A secret must not get into logs by accident.
        Assert.DoesNotContain("whsec_x", created.ToString(), StringComparison.Ordinal);
        Assert.Equal("whk_1", Assert.Single(await webhooks.ListAsync(Cancellation)).Id);
        await webhooks.GetAsync("whk_1", Cancellation);
        await webhooks.UpdateAsync("whk_1", new WebhookUpdate { State = WebhookState.Active }, Cancellation);
        Assert.Equal("whsec_y", (await webhooks.RotateAsync("whk_1", Cancellation)).Secret);
        var delivery = Assert.Single(await webhooks.ListDeliveriesAsync("whk_1", Cancellation));
        Assert.Equal((812L, WebhookDeliveryState.Pending, "503", 12.4), (delivery.EventSeq, delivery.State, delivery.Attempts[0].Outcome, delivery.Attempts[0].Duration.TotalMilliseconds));
        await webhooks.TestAsync("whk_1", Cancellation);
        await webhooks.ReplayAsync("whk_1", 812, Cancellation);
        await webhooks.DeleteAsync("whk_1", Cancellation);
        Assert.Equal(
            [
                """POST /v1/webhooks {"url":"https://example.com/hook","events":["run.ended"]}""",
                "GET /v1/webhooks",
                "GET /v1/webhooks/whk_1",
                """PATCH /v1/webhooks/whk_1 {"state":"active"}""",
                "POST /v1/webhooks/whk_1/rotate",
                "GET /v1/webhooks/whk_1/deliveries",
                "POST /v1/webhooks/whk_1/test",
                "POST /v1/webhooks/whk_1/deliveries/812/replay",
                "DELETE /v1/webhooks/whk_1",
            ],
            Sent(server));
    }

    [Fact]
    public async Task Events_are_listed_page_by_page_and_followed()
    {
        static string Page(long next, params long[] seqs) =>
            $$"""{"events":[{{string.Join(',', seqs.Select(seq => $$$"""{"seq":{{{seq}}},"id":"evt_1","type":"run.ended","ts":7,"sandbox_id":"sbx_1","run_id":"run_1","data":{"exit_code":0} }"""))}}],"next_after":{{next}}}""";
        var server = new ScriptedServer().Json(Page(2, 1, 2)).Json(Page(8)).Json(Page(9, 9)).Json(Page(9)).Json(Page(9)).Json(Page(10, 10));
        var client = server.Connect();
        var listed = await client.ListEventsAsync(new FeedQuery { Types = ["run.ended", "sandbox.*"], PageSize = 2 }, Cancellation).ToListAsync(Cancellation);
        Assert.Equal([1L, 2, 9], listed.Select(told => told.Seq));
        Assert.Equal((DateTimeOffset.FromUnixTimeMilliseconds(7), "run_1", 0), (listed[0].At, listed[0].RunId, listed[0].Data.GetProperty("exit_code").GetInt32()));
        Assert.Equal(10, (await client.FollowEventsAsync(new FeedQuery { After = 9 }, Cancellation).FirstAsync(Cancellation)).Seq);
        Assert.Equal("GET /v1/events?after=0&limit=2&types=run.ended%2Csandbox.%2A", Sent(server).First());
        Assert.Equal(["GET /v1/events?after=9&wait=20", "GET /v1/events?after=9&wait=20"], Sent(server).Skip(4));
    }

    [Fact]
    public async Task A_tenant_from_create_to_delete()
    {
        var server = new ScriptedServer()
            .Json("{" + Tenant + "}")
            .Json("{" + Tenant + ",\"in_use\":{\"sandboxes\":3,\"running\":1,\"memory_mib\":1536}}")
            .Json("{" + Tenant + "}", times: 2)
            .Json("""{"sandboxes":[{"id":"sbx_1","state":"ready"}],"next_cursor":null}""")
            .Then(NoContent, times: 2);
        var tenants = server.Connect().Tenants;
        var tenant = await tenants.CreateAsync("acme", new TenantOptions { Name = "Acme", Limits = new TenantLimits { Sandboxes = 50, EgressHosts = ["a.example"] } }, Cancellation);
        Assert.Equal((TenantState.Suspended, 50, null, null), (tenant.State, tenant.Limits.Sandboxes, tenant.Limits.Running, tenant.InUse));
        Assert.Equal(["a.example"], tenant.Limits.EgressHosts);
        Assert.Equal(new TenantUse { Sandboxes = 3, Running = 1, MemoryMib = 1536 }, (await tenants.GetCurrentAsync(Cancellation)).InUse);
        await tenants.GetAsync("acme", Cancellation);
        await tenants.UpdateAsync("acme", new TenantUpdate { State = TenantState.Suspended, EndSandboxes = true, Limits = new TenantLimits { MemoryMib = 4096 }, LimitsToReset = ["running"] }, Cancellation);
        Assert.Equal("sbx_1", (await tenants.ListSandboxesAsync("acme", new SandboxQuery { State = SandboxState.Ready }, Cancellation).ToListAsync(Cancellation)).Single().Id);
        await tenants.DeleteSandboxAsync("acme", "sbx_1", Cancellation);
        await tenants.DeleteAsync("acme", Cancellation);
        Assert.Equal(
            [
                """POST /v1/tenants {"id":"acme","name":"Acme","limits":{"sandboxes":50,"egress_hosts":["a.example"]}}""",
                "GET /v1/tenants/current",
                "GET /v1/tenants/acme",
                """PATCH /v1/tenants/acme {"state":"suspended","end_sandboxes":true,"limits":{"memory_mib":4096,"running":null}}""",
                "GET /v1/tenants/acme/sandboxes?state=ready",
                "DELETE /v1/tenants/acme/sandboxes/sbx_1",
                "DELETE /v1/tenants/acme",
            ],
            Sent(server));
    }

    [Fact]
    public async Task Pages_are_followed_until_a_cursor_does_not_advance()
    {
        var server = new ScriptedServer()
            .Json("{\"keys\":[{" + Key + "}],\"next_cursor\":\"c/1\"}", times: 2)
            .Json("{\"tenants\":[{" + Tenant + "}],\"next_cursor\":\"acme\"}").Json("""{"tenants":[],"next_cursor":null}""");
        var client = server.Connect();
        Assert.Equal(2, (await client.Keys.ListAsync(new ApiKeyQuery { Tenant = "acme", State = ApiKeyState.Active, PageSize = 1 }, Cancellation).ToListAsync(Cancellation)).Count);
        Assert.Single(await client.Tenants.ListAsync(1, Cancellation).ToListAsync(Cancellation));
        Assert.Equal(
            ["GET /v1/keys?tenant=acme&state=active&limit=1", "GET /v1/keys?tenant=acme&state=active&limit=1&cursor=c%2F1", "GET /v1/tenants?limit=1", "GET /v1/tenants?limit=1&cursor=acme"],
            Sent(server));
    }

    [Fact]
    public async Task Usage()
    {
        var server = new ScriptedServer().Json("{\"from\":\"2026-11-01\",\"to\":\"2026-11-29\",\"rows\":[{\"day\":\"2026-11-29\",\"key\":\"key_1\",\"key_name\":\"ci\"," + Amounts + "}],\"total\":{" + Amounts + "},\"as_of\":\"2026-11-29T18:00:00.000Z\"}");
        var report = await server.Connect().GetUsageAsync(
            new UsageQuery { FirstDay = new DateOnly(2026, 11, 1), LastDay = new DateOnly(2026, 11, 29), GroupBy = UsageGroups.Day | UsageGroups.Key, Tenant = UsageQuery.AllTenants }, Cancellation);
        var total = new UsageRow { Sandboxes = 3, SandboxSeconds = 812.407m, CpuSeconds = 31.2m, MemoryGibSeconds = 406.2m, Runs = 57, BytesOut = 18231 };
        Assert.Equal(total, report.Total);
        Assert.Equal([total with { Day = new DateOnly(2026, 11, 29), Key = "key_1", KeyName = "ci" }], report.Rows);
        Assert.Equal(["GET /v1/usage?from=2026-11-01&to=2026-11-29&group_by=day%2Ckey&tenant=%2A&format=json"], Sent(server));
    }

    [Fact]
    public async Task The_audit_log()
    {
        const string Entry = """{"seq":42,"id":"aud_1","at":"2026-11-29T18:00:00.000Z","tenant":"acme","action":"key.revoke","actor":{"type":"key","id":"key_2","tenant":"acme"},"target":{"type":"key","id":"key_1"},"source":null,"changes":{"state":["active","revoked"]},"reason":null,"trace_id":null,"prev":"0","hash":"1"}""";
        var server = new ScriptedServer().Json($$"""{"entries":[{{Entry}}],"next_cursor":null}""").Json("""{"entries":[{"seq":"x"}],"next_cursor":null}""");
        var query = new AuditQuery { Since = new DateTimeOffset(2026, 11, 29, 0, 0, 0, TimeSpan.Zero), Action = "key.revoke", Actor = "key_2", Tenant = "_server", PageSize = 10 };
        var entry = Assert.Single(await server.Connect().ListAuditEntriesAsync(query, Cancellation).ToListAsync(Cancellation));
        Assert.Equal((42L, "key.revoke", "key_2", "key_1", null), (entry.Seq, entry.Action, entry.Actor.Id, entry.Target.Id, entry.Source));
        Assert.Equal("revoked", entry.Changes["state"][1].GetString());
        // Exactly the text that the hash was computed over.
        Assert.Equal(Entry, entry.Json.GetRawText());
        Assert.Equal(["GET /v1/audit?from=2026-11-29T00%3A00%3A00.0000000%2B00%3A00&action=key.revoke&actor=key_2&tenant=_server&limit=10"], Sent(server));
        await Assert.ThrowsAsync<PodflareProtocolException>(async () => await server.Connect().ListAuditEntriesAsync(cancellationToken: Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task What_would_leave_a_second_key_is_not_repeated()
    {
        var server = new ScriptedServer().Break().Refuse(503, "storage_unavailable").Break();
        var client = server.Connect();
        await Assert.ThrowsAsync<PodflareConnectionException>(() => client.Keys.CreateAsync("ci", cancellationToken: Cancellation));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => client.Keys.RotateAsync("key_1", cancellationToken: Cancellation));
        await Assert.ThrowsAsync<PodflareConnectionException>(() => client.Tenants.CreateAsync("acme", cancellationToken: Cancellation));
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_refusal_names_the_scope()
    {
        var server = new ScriptedServer().Refuse(403, "insufficient_scope", more: ""","required_scopes":["admin"]""");
        var refused = await Assert.ThrowsAsync<InsufficientScopeException>(() => server.Connect().Tenants.GetAsync("acme", Cancellation));
        Assert.Equal(["admin"], refused.Problem.RequiredScopes);
    }

    [Fact]
    public async Task Wrong_arguments_send_nothing()
    {
        var server = new ScriptedServer();
        var client = server.Connect();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Keys.CreateAsync(" ", cancellationToken: Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Keys.CreateAsync("ci", new ApiKeyOptions { Lifetime = TimeSpan.Zero }, Cancellation));
        // A secret must not become part of a URL.
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Keys.RevokeAsync(Secret, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Keys.GetAsync("..", Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Tenants.GetAsync("..", Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Tenants.UpdateAsync("acme", new TenantUpdate { EndSandboxes = true }, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Tenants.UpdateAsync("acme", new TenantUpdate { State = TenantState.Deleted }, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.Tenants.UpdateAsync("acme", new TenantUpdate { Limits = new TenantLimits { Running = 1 }, LimitsToReset = ["running"] }, Cancellation));
        Assert.Empty(server.Requests);
    }

    private static HttpResponseMessage NoContent() => new(HttpStatusCode.NoContent);

    private static IEnumerable<string> Sent(ScriptedServer server) => server.Requests.Select(request => $"{request.Method} {request.Path}{request.Query} {request.Body}".TrimEnd());
}
