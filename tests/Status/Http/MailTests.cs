using System.Net;
using System.Text;
using MimeKit;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>Subscription by mail, through a real mail server.</summary>
public sealed class MailTests : IAsyncLifetime
{
    private readonly MailServer _mail = new();
    private readonly StatusService _status;

    public MailTests() => _status = new StatusService(Settings.Quiet().With(Settings.Mail(_mail.Port)));

    public async ValueTask InitializeAsync()
    {
        await _mail.StartAsync();
        await _status.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _status.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Fact]
    public async Task Only_the_button_confirms_and_only_once()
    {
        using var asked = await _status.PostFormAsync("/subscribe", ("email", "reader@example.com"), ("kind", "incidents"));
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var link = MailServer.Link(await _mail.OneAsync(_ => true, "the confirmation"), "/confirm");
        // A link scanner follows the link twice.
        for (var i = 0; i < 2; i++)
        {
            using var page = await _status.Http.GetAsync(link.PathAndQuery, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        }

        Assert.Empty(_status.Rows("SELECT id FROM subscriber"));
        using var first = await _status.PostFormAsync("/confirm", ("t", Subscribing.Token(link)));
        using var second = await _status.PostFormAsync("/confirm", ("t", Subscribing.Token(link)));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Gone), (first.StatusCode, second.StatusCode));
        Assert.Single(_status.Rows("SELECT id FROM subscriber"));
        Assert.Equal(0L, _status.Rows($"SELECT COUNT(*) FROM confirmation WHERE hash = '{Subscribing.Token(link)}'")[0][0]);
        // The mail was accepted, so the link is no longer stored.
        Assert.Empty(_status.Rows("SELECT 1 FROM delivery WHERE body IS NOT NULL"));
    }

    [Fact]
    public async Task A_notification_has_all_list_headers_and_one_click_unsubscribes()
    {
        await _status.SubscribeAsync(_mail, "one@example.com");
        var incident = await _status.ActAsync("/admin/api/incidents", new { title = "Disk trouble", body = "We look." });
        var id = incident["id"]!.GetValue<string>();
        var notice = await _mail.OneAsync(m => m.Subject == "[Investigating] Disk trouble", "the notice");
        Assert.Equal("auto-generated", notice.Headers["Auto-Submitted"]);
        Assert.Equal("List-Unsubscribe=One-Click", notice.Headers["List-Unsubscribe-Post"]);
        Assert.Contains("<status.127.0.0.1>", notice.Headers["List-Id"], StringComparison.Ordinal);
        Assert.Contains($"{id}@podflare.example", notice.References);
        Assert.Contains("We look.", notice.TextBody, StringComparison.Ordinal);
        Assert.Contains("We look.", notice.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("/manage?t=", notice.TextBody, StringComparison.Ordinal);
        var list = notice.Headers["List-Unsubscribe"]!;
        Assert.Contains("<mailto:status@podflare.example", list, StringComparison.Ordinal);
        var address = new Uri(list.Split('<')[1].Split('>')[0].Trim());

        // GET shows a button. The POST of a mail client unsubscribes without cookie or redirect, and may be repeated.
        using var asked = await _status.Http.GetAsync(address.PathAndQuery, TestContext.Current.CancellationToken);
        Assert.Single(_status.Rows("SELECT id FROM subscriber"));
        for (var i = 0; i < 2; i++)
        {
            using var click = new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, "application/x-www-form-urlencoded");
            using var done = await _status.Http.PostAsync(address.PathAndQuery, click, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        }

        Assert.Empty(_status.Rows("SELECT id FROM subscriber"));
        await _status.ActAsync($"/admin/api/incidents/{id}/updates", new { body = "Nobody hears this." });
        Assert.Empty(_status.Rows("SELECT id FROM delivery WHERE state = 'pending'"));
    }

    [Fact]
    public async Task The_response_does_not_reveal_a_subscription_and_repeated_requests_send_three_mails()
    {
        await _status.SubscribeAsync(_mail, "known@example.com");
        var answers = new HashSet<string>();
        foreach (var address in new[] { "known@example.com", "unknown@example.com", "KNOWN@example.com", "known@example.com", "known@example.com", "known@example.com" })
        {
            using var asked = await _status.PostFormAsync("/subscribe", ("email", address), ("kind", "incidents"));
            answers.Add($"{asked.StatusCode} {await asked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }

        Assert.Single(answers);
        Assert.Equal(3L, _status.Rows("SELECT COUNT(*) FROM delivery WHERE address LIKE 'known@example.com'")[0][0]);
    }

    [Fact]
    public async Task Only_selected_components_and_kinds_are_sent()
    {
        await _status.SubscribeAsync(_mail, "api@example.com", ("component", "api"), ("kind", "incidents"));
        await _status.SubscribeAsync(_mail, "work@example.com", ("kind", "maintenance"));
        await _status.ActAsync("/admin/api/incidents", new { title = "On sandboxes", body = "b", components = new { sandboxes = "partial_outage" } });
        await _status.ActAsync("/admin/api/incidents", new { title = "On the API", body = "b", components = new { api = "partial_outage" } });
        var now = TimeProvider.System.GetUtcNow();
        await _status.ActAsync("/admin/api/maintenances", new { title = "Work", body = "b", components = (string[])["api"], scheduled_for = now.AddDays(1), scheduled_until = now.AddDays(2) });
        await _mail.OneAsync(m => m.Subject == "[Scheduled] Work", "the maintenance");
        await _mail.OneAsync(m => m.Subject == "[Investigating] On the API", "the incident");
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 10, "nothing waits");
        string[] sent = [.. _mail.Taken().Where(m => m.Subject!.StartsWith('[')).Select(m => $"{m.To.Mailboxes.Single().Address} {m.Subject}").Order()];
        Assert.Equal(["api@example.com [Investigating] On the API", "work@example.com [Scheduled] Work"], sent);
    }

    [Fact]
    public async Task An_unavailable_mail_server_delays_mail_and_loses_none()
    {
        await _status.SubscribeAsync(_mail, "patient@example.com");
        await _mail.StopAsync();
        await _status.ActAsync("/admin/api/incidents", new { title = "While mail is away", body = "b" });
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM attempt WHERE outcome = 'no_server'").Count > 0), 15, "an attempt failed");
        await _mail.StartAsync();
        await _mail.OneAsync(m => m.Subject!.EndsWith("While mail is away", StringComparison.Ordinal), "the late notice", 30);
        Assert.Single(_mail.Taken(), m => m.Subject!.EndsWith("While mail is away", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Three_permanent_rejections_disable_an_address()
    {
        using (var asked = await _status.PostFormAsync("/subscribe", ("email", "nobody@example.com"), ("kind", "incidents"))) Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var link = MailServer.Link(await _mail.OneAsync(_ => true, "the confirmation"), "/confirm");
        using (var confirmed = await _status.PostFormAsync("/confirm", ("t", Subscribing.Token(link)))) Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
        Patch("UPDATE subscriber SET address = 'refused@example.com'");
        var incident = await _status.ActAsync("/admin/api/incidents", new { title = "t", body = "1" });
        for (var i = 2; i <= 3; i++) await _status.ActAsync($"/admin/api/incidents/{incident["id"]}/updates", new { body = $"{i}" });
        await Until.TrueAsync(() => Task.FromResult((string)_status.Rows("SELECT state FROM subscriber")[0][0]! == "disabled"), 15, "the address is disabled");
    }

    [Fact]
    public Task Invalid_input_is_rejected_with_a_message_and_sends_nothing() => Each.OfAsync(
        (string[])
        [
            "victim@example.com\r\nBcc: other@example.com",
            "victim@example.com, other@example.com",
            "victim@example.com%0d%0aBcc:x@example.com",
            "<script>alert(1)</script>@example.com",
            "' OR 1=1 --",
            "",
        ],
        async address =>
        {
            using var asked = await _status.PostFormAsync("/subscribe", ("email", address), ("kind", "incidents"));
            Assert.Equal(HttpStatusCode.BadRequest, asked.StatusCode);
            var page = await asked.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains("Enter one e-mail address", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
            Assert.Empty(_status.Rows("SELECT 1 FROM delivery"));
        });

    [Fact]
    public async Task Header_injection_through_a_title_is_rejected()
    {
        using var response = await _status.Operator.PostAsync(
            "/admin/api/incidents", new StringContent("""{"title":"a\r\nBcc: x@example.com","body":"b"}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        await _status.SubscribeAsync(_mail, "safe@example.com");
        await _status.ActAsync("/admin/api/incidents", new { title = "=?utf-8?q?x?= <b>ü", body = "Subject: y\r\n\r\n.\r\nMAIL FROM:<z@example.com>" });
        var notice = await _mail.OneAsync(m => m.Subject!.StartsWith('['), "the notice");
        Assert.Single(((IEnumerable<Header>)notice.Headers), h => h.Id == HeaderId.Subject);
        Assert.Single(notice.To.Mailboxes);
        Assert.Contains("&lt;b&gt;", notice.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_or_invented_token_confirms_nothing()
    {
        using (var asked = await _status.PostFormAsync("/subscribe", ("email", "late@example.com"), ("kind", "incidents"))) Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var token = Subscribing.Token(MailServer.Link(await _mail.OneAsync(_ => true, "the confirmation"), "/confirm"));
        Patch("UPDATE confirmation SET expires_at = created_at");
        foreach (var t in new[] { token, token + "x", "", new string('a', 100_000), "../../etc" })
        {
            using var confirmed = await _status.PostFormAsync("/confirm", ("t", t));
            Assert.Equal(HttpStatusCode.Gone, confirmed.StatusCode);
            using var page = await _status.Http.GetAsync($"/confirm?t={Uri.EscapeDataString(t.Length > 1000 ? t[..1000] : t)}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Gone, page.StatusCode);
        }

        Assert.Empty(_status.Rows("SELECT 1 FROM subscriber"));
    }

    private void Patch(string statement)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_status.Folder, "status.db")};Pooling=False;Default Timeout=10");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
        command.CommandText = statement;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
