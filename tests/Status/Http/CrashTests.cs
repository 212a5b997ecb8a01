using System.Net.Http.Json;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>SIGKILL at many moments: nothing that was acknowledged is lost, and repeated messages have the same id.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private const int Rounds = 12;
    private const int SubscriberRounds = 4;
    private const int Seed = 20260501;

    private readonly MailServer _mail = new();
    private readonly HookReceiver _hook = new();
    private readonly StatusService _status;

    public CrashTests() => _status = new StatusService(Settings.Quiet().With(Settings.Mail(_mail.Port)));

    public async ValueTask InitializeAsync()
    {
        await _mail.StartAsync();
        await _status.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _status.DisposeAsync();
        await _mail.DisposeAsync();
        _hook.Dispose();
    }

    [Fact]
    public async Task A_kill_at_any_moment_loses_nothing_and_repeats_nothing()
    {
        await _status.SubscribeAsync(_mail, "reader@example.com");
        var (secret, _) = await _status.AddHookAsync(_hook);
        var random = new Random(Seed);
        for (var round = 0; round < Rounds; round++)
        {
            // The kill happens before, during or after the request, its transaction, the mail or the call.
            var wait = TimeSpan.FromMilliseconds(random.Next(0, 120));
            var act = OpenAsync(round);
            await Task.Delay(wait, TimeProvider.System, TestContext.Current.CancellationToken);
            await _status.KillAsync();
            var answered = await act;
            await _status.StartAsync();
            // An operator's tool retries an unanswered request with the same key.
            if (!answered) Assert.True(await OpenAsync(round));
        }

        Assert.Equal(Rounds, _status.Rows("SELECT 1 FROM incident").Count);
        Assert.Equal(Rounds, _status.Rows("SELECT 1 FROM audit WHERE act = 'incident.open'").Count);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 60, "nothing waits any more");
        Assert.Equal(2, _status.Rows("SELECT 1 FROM subscriber WHERE state = 'active'").Count);

        // By the ids that receivers compare, each notification arrived exactly once.
        var calls = _hook.Calls.Where(c => c.Type == "incident.created").ToArray();
        Assert.Equal(Rounds, calls.Select(c => c.Id).Distinct().Count());
        Assert.Equal(Rounds, calls.Select(c => c.Data["incident"]!["id"]!.GetValue<string>()).Distinct().Count());
        Assert.True(await HookReceiver.VerifyAsync(calls[^1], secret));
        var mails = _mail.Taken().Where(m => m.Subject!.StartsWith('[')).ToArray();
        Assert.Equal(Rounds, mails.Select(m => m.MessageId).Distinct().Count());
        Assert.Equal(Rounds, mails.Select(m => m.Subject).Distinct().Count());
        // A kill between a receiver's response and its record causes at most one more copy.
        Assert.InRange(mails.Length + calls.Length, 2 * Rounds, 3 * Rounds);
        TestContext.Current.SendDiagnosticMessage($"{mails.Length} mails and {calls.Length} calls for {Rounds} notices");
    }

    [Fact]
    public async Task A_confirmed_subscription_survives_a_kill_at_any_moment()
    {
        var random = new Random(Seed);
        for (var round = 0; round < SubscriberRounds; round++)
        {
            var address = $"reader{round}@example.com";
            await PostUntilAnsweredAsync(random, "/subscribe", ("email", address), ("kind", "incidents"));
            var confirmation = await _mail.OneAsync(m => m.To.Mailboxes.Single().Address == address, $"a confirmation for {address}");
            // If the first press was stored, the second one returns 410, and the address is subscribed as well.
            await PostUntilAnsweredAsync(random, "/confirm", ("t", Subscribing.Token(MailServer.Link(confirmation, "/confirm"))));
            Assert.Single(_status.Rows($"SELECT 1 FROM subscriber WHERE address = '{address}' AND state = 'active'"));
        }

        Assert.Equal(SubscriberRounds, _status.Rows("SELECT 1 FROM subscriber").Count);
    }

    [Fact]
    public async Task Automation_opens_one_incident_across_kills()
    {
        await _status.SubscribeAsync(_mail, "reader@example.com");
        await _status.DisposeAsync();
        // Nothing listens at the probed address, so an outage is found immediately.
        await using var watching = new StatusService(
            Settings.Quiet().With(Settings.Mail(_mail.Port)).With(("Status__Probes__RunSeconds", "1"), ("Status__Probes__ReadySeconds", "0.5"), ("Status__Probes__ReplaySeconds", "1")), _status.Folder);
        await watching.StartAsync();
        var random = new Random(Seed);
        for (var round = 0; round < SubscriberRounds; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 2500)), TimeProvider.System, TestContext.Current.CancellationToken);
            await watching.KillAsync();
            await watching.StartAsync();
        }

        await _mail.OneAsync(m => m.Subject!.StartsWith("[Investigating]", StringComparison.Ordinal), "the incident");
        await Until.TrueAsync(() => Task.FromResult(watching.Rows("SELECT 1 FROM component WHERE status = 'MajorOutage'").Count == 4), 30, "all four are out");
        Assert.Single(watching.Rows("SELECT 1 FROM incident"));
        Assert.Single(watching.Rows("SELECT 1 FROM notice WHERE type = 'incident.created'"));
        await Until.TrueAsync(() => Task.FromResult(watching.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 30, "nothing waits any more");
        Assert.Single(_mail.Taken().Where(m => m.Subject!.StartsWith("[Investigating]", StringComparison.Ordinal)).Select(m => m.MessageId).Distinct());
    }

    [Fact]
    public async Task A_confirmation_survives_a_kill_before_its_mail_and_before_its_button()
    {
        await _mail.StopAsync();
        using (var asked = await _status.PostFormAsync("/subscribe", ("email", "kept@example.com"), ("kind", "incidents"))) asked.EnsureSuccessStatusCode();
        await _status.KillAsync();
        await _mail.StartAsync();
        await _status.StartAsync();
        var link = MailServer.Link(await _mail.OneAsync(_ => true, "the confirmation"), "/confirm");
        await _status.KillAsync();
        await _status.StartAsync();
        using var confirmed = await _status.PostFormAsync("/confirm", ("t", Subscribing.Token(link)));
        confirmed.EnsureSuccessStatusCode();
        await _status.KillAsync();
        await _status.StartAsync();
        Assert.Single(_status.Rows("SELECT 1 FROM subscriber WHERE state = 'active'"));
    }

    /// <summary>Posts a form, kills the process at a random moment, and posts again if there was no response.</summary>
    private async Task PostUntilAnsweredAsync(Random random, string path, params (string, string)[] fields)
    {
        var post = TryPostAsync(path, fields);
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 60)), TimeProvider.System, TestContext.Current.CancellationToken);
        await _status.KillAsync();
        var answered = await post;
        await _status.StartAsync();
        if (!answered) Assert.True(await TryPostAsync(path, fields));
    }

    private async Task<bool> TryPostAsync(string path, (string, string)[] fields)
    {
        try
        {
            using var response = await _status.PostFormAsync(path, fields);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<bool> OpenAsync(int round)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/api/incidents") { Content = JsonContent.Create(new { title = $"Round {round}", body = "b" }) };
        request.Headers.Add("Idempotency-Key", $"round-{round}");
        try
        {
            using var response = await _status.Operator.SendAsync(request, TestContext.Current.CancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
