using System.Net;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>Webhooks to a real receiver, verified by an independent library.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private readonly HookReceiver _hook = new();
    private readonly StatusService _status = new(Settings.Quiet().With(("Status__Webhooks__RetrySeconds", "0,0.3,0.5,0.5"), ("Status__Webhooks__TimeoutSeconds", "1")));

    public ValueTask InitializeAsync() => new(_status.StartAsync());

    public async ValueTask DisposeAsync()
    {
        await _status.DisposeAsync();
        _hook.Dispose();
    }

    [Fact]
    public async Task All_stages_of_an_incident_are_sent_and_every_signature_verifies()
    {
        var (secret, _) = await _status.AddHookAsync(_hook);
        var incident = await _status.ActAsync("/admin/api/incidents", new { title = "Outage", body = "Out.", components = new { api = "major_outage" } });
        await _status.ActAsync($"/admin/api/incidents/{incident["id"]}/updates", new { body = "Found.", status = "identified" });
        await _status.ActAsync($"/admin/api/incidents/{incident["id"]}/updates", new { body = "Over.", status = "resolved" });
        await _hook.OneAsync("incident.resolved");
        await Until.TrueAsync(() => Task.FromResult(_hook.Calls.Count(c => c.Type == "component.updated") == 2), 10, "both changes of the component came");
        Assert.Equal(["incident.created", "incident.updated", "incident.resolved"], _hook.Calls.Select(c => c.Type).Where(t => t.StartsWith("incident", StringComparison.Ordinal)).ToArray());
        foreach (var call in _hook.Calls)
        {
            Assert.True(await HookReceiver.VerifyAsync(call, secret), call.Type);
            Assert.True(call.Body.Length < 20_000);
        }

        var created = await _hook.OneAsync("incident.created");
        Assert.Equal("Out.", created.Data["incident"]!["incident_updates"]![0]!["body"]!.GetValue<string>());
        Assert.False(await HookReceiver.VerifyAsync(created with { Body = created.Body + " " }, secret));
    }

    [Fact]
    public async Task Without_an_echoed_challenge_nothing_else_is_sent()
    {
        _hook.Echoes = false;
        await _status.AddHookAsync(_hook);
        await _hook.OneAsync("webhook.challenge");
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 15, "the challenge has failed");
        Assert.All(_hook.Calls, c => Assert.Equal("webhook.challenge", c.Type));
    }

    [Fact]
    public async Task Failures_are_retried_with_the_same_id_and_then_the_webhook_is_disabled()
    {
        var (secret, manage) = await _status.AddHookAsync(_hook);
        _hook.Answer = _ => (307, "Location", _hook.Address.AbsoluteUri + "/elsewhere");
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM subscriber WHERE state = 'disabled'").Count == 1), 20, "it is disabled");
        var calls = _hook.Calls.Where(c => c.Type == "incident.created").ToArray();
        Assert.Equal(4, calls.Length);
        Assert.Single(calls.Select(c => c.Id).Distinct());
        Assert.Single(calls.Select(c => c.Body).Distinct());
        foreach (var call in calls) Assert.True(await HookReceiver.VerifyAsync(call, secret));

        // The log shows the failure, a challenge reactivates the webhook, and the call can be sent again.
        using var page = await _status.Http.GetAsync(manage, TestContext.Current.CancellationToken);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("307", html, StringComparison.Ordinal);
        _hook.Answer = _ => (200, null, null);
        var token = Uri.UnescapeDataString(manage.Split("t=")[1]);
        using (await _status.PostFormAsync("/manage", ("t", token), ("act", "challenge"))) await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM subscriber WHERE state = 'active'").Count == 1), 10, "it is active again");
        var delivery = (string)_status.Rows("SELECT id FROM delivery WHERE kind = 'webhook'")[0][0]!;
        using (await _status.PostFormAsync("/manage", ("t", token), ("act", "replay"), ("delivery", delivery))) await Until.TrueAsync(() => Task.FromResult(_hook.Calls.Count(c => c.Id == calls[0].Id) == 5), 10, "it was sent again");
    }

    [Fact]
    public async Task A_410_response_disables_the_webhook_immediately()
    {
        await _status.AddHookAsync(_hook);
        _hook.Answer = _ => (410, null, null);
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM subscriber WHERE state = 'disabled'").Count == 1), 10, "it is disabled");
        Assert.Single(_hook.Calls, c => c.Type == "incident.created");
    }

    [Fact]
    public async Task Retry_After_applies_to_all_waiting_calls()
    {
        await _status.AddHookAsync(_hook);
        _hook.Answer = _ => (429, "Retry-After", "3");
        var began = TimeProvider.System.GetTimestamp();
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await _hook.OneAsync("incident.created");
        _hook.Answer = _ => (204, null, null);
        await Until.TrueAsync(() => Task.FromResult(_hook.Calls.Count(c => c.Type == "incident.created") == 2), 15, "it came again");
        Assert.True(TimeProvider.System.GetElapsedTime(began).TotalSeconds >= 3);
    }

    [Fact]
    public async Task A_receiver_that_hangs_delays_only_itself()
    {
        using var other = new HookReceiver();
        using var hang = new System.Threading.ManualResetEventSlim();
        await _status.AddHookAsync(_hook);
        await _status.AddHookAsync(other);
        _hook.Answer = _ =>
        {
            hang.Wait(TimeSpan.FromSeconds(20));
            return (204, null, null);
        };
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        await other.OneAsync("incident.created", 5);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM attempt WHERE outcome = 'timeout'").Count > 0), 10, "the attempt ran into its limit");
        hang.Set();
    }

    [Fact]
    public async Task A_receiver_that_answers_slowly_does_not_delay_later_notifications_of_others()
    {
        // Twelve waiting calls of 0.7 s each take 8 s. The other receiver must not wait for them.
        using var slow = new HookReceiver();
        using var never = new ManualResetEventSlim();
        await _status.AddHookAsync(_hook, ("kind", "incidents"), ("component", "sandboxes"));
        await _status.AddHookAsync(slow, ("kind", "incidents"), ("component", "api"));
        // The first call is postponed until all the others are waiting too.
        var first = true;
        slow.Answer = _ =>
        {
            if (first)
            {
                first = false;
                return (429, "Retry-After", "8");
            }

            never.Wait(TimeSpan.FromMilliseconds(700));
            return (204, null, null);
        };
        for (var i = 0; i < 12; i++) await _status.ActAsync("/admin/api/incidents", new { title = $"Slow {i}", body = "b", components = new { api = "operational" } });
        await Until.TrueAsync(() => Task.FromResult(slow.Calls.Count(c => c.Type == "incident.created") >= 3), 20, "the slow receiver is called again");
        var began = TimeProvider.System.GetTimestamp();
        await _status.ActAsync("/admin/api/incidents", new { title = "Other", body = "b", components = new { sandboxes = "operational" } });
        await _hook.OneAsync("incident.created", 15);
        Assert.True(TimeProvider.System.GetElapsedTime(began).TotalSeconds < 4, $"the call came after {TimeProvider.System.GetElapsedTime(began)}");
        Assert.True(slow.Calls.Count(c => c.Type == "incident.created") < 13, "the slow receiver still has calls waiting");
    }

    [Fact]
    public async Task A_backdated_update_is_sent_with_its_own_text_and_leaves_the_newest_stage()
    {
        await _status.AddHookAsync(_hook);
        var now = TimeProvider.System.GetUtcNow();
        var id = (await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "First.", started_at = now.AddHours(-2) }))["id"]!.GetValue<string>();
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "Newest.", status = "monitoring" });
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "Backdated.", display_at = now.AddHours(-1) });
        await Until.TrueAsync(() => Task.FromResult(_hook.Calls.Count(c => c.Type == "incident.updated") == 2), 10, "both updates came");
        var incident = _hook.Calls.Last(c => c.Type == "incident.updated").Data["incident"]!;
        var update = incident["incident_updates"]!.AsArray().Single()!;
        Assert.Equal(("Backdated.", "investigating"), (update["body"]!.GetValue<string>(), update["status"]!.GetValue<string>()));
        Assert.Equal("monitoring", incident["status"]!.GetValue<string>());
        Assert.Contains("Backdated.", (string)_status.Rows("SELECT text FROM notice WHERE json LIKE '%Backdated.%'")[0][0]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_are_signed_with_the_new_and_the_old_secret()
    {
        var (old, manage) = await _status.AddHookAsync(_hook);
        using var rotated = await _status.PostFormAsync("/manage", ("t", Uri.UnescapeDataString(manage.Split("t=")[1])), ("act", "rotate"));
        var page = WebUtility.HtmlDecode(await rotated.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var fresh = page.Split("id=\"secret\">")[1].Split('<')[0];
        Assert.NotEqual(old, fresh);
        await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "b" });
        var call = await _hook.OneAsync("incident.created");
        Assert.True(await HookReceiver.VerifyAsync(call, old));
        Assert.True(await HookReceiver.VerifyAsync(call, fresh));
    }

    [Fact]
    public Task An_internal_address_is_rejected_by_the_form() => Each.OfAsync(
        (string[])
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "http://[::1]:80/",
            "http://0x7f000002/",
            "http://user@127.0.0.1/",
            "http://localhost/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ],
        async url =>
        {
            using var added = await _status.PostFormAsync("/subscribe/webhook", ("url", url), ("kind", "incidents"));
            Assert.Equal(HttpStatusCode.BadRequest, added.StatusCode);
            Assert.Empty(_status.Rows("SELECT 1 FROM subscriber"));
        });

    [Fact]
    public async Task A_name_with_an_internal_address_is_rejected_without_disclosing_why()
    {
        // The name resolves to ::1, and only 127.0.0.1 is allowed in this test.
        using var added = await _status.PostFormAsync("/subscribe/webhook", ("url", "http://ip6-localhost:1/"), ("kind", "incidents"));
        Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM attempt WHERE outcome IN ('address_refused', 'connect')").Count > 0), 10, "the attempt was refused");
    }
}
