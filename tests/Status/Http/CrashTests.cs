using System.Net.Http.Json;
using Podflare.Status.Services;

namespace Podflare.Status.Http;

/// <summary>SIGKILL at many moments: nothing that was answered is lost, and what is sent again has the same id.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private const int Rounds = 12;

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
    public async Task Killing_it_at_any_moment_loses_nothing_and_repeats_nothing()
    {
        await _status.SubscribeAsync(_mail, "reader@example.com");
        var (secret, _) = await _status.AddHookAsync(_hook);
        var random = new Random(20260501);
        for (var round = 0; round < Rounds; round++)
        {
            // The kill falls before, inside or after the request, its transaction, the mail or the call.
            var wait = TimeSpan.FromMilliseconds(random.Next(0, 120));
            var act = OpenAsync(round);
            await Task.Delay(wait, TimeProvider.System, TestContext.Current.CancellationToken);
            await _status.KillAsync();
            var answered = await act;
            await _status.StartAsync();
            // An operator's tool repeats what was not answered, with the same key.
            if (!answered) Assert.True(await OpenAsync(round));
        }

        Assert.Equal(Rounds, _status.Rows("SELECT 1 FROM incident").Count);
        Assert.Equal(Rounds, _status.Rows("SELECT 1 FROM audit WHERE act = 'incident.open'").Count);
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM delivery WHERE state = 'pending'").Count == 0), 60, "nothing waits any more");
        Assert.Equal(2, _status.Rows("SELECT 1 FROM subscriber WHERE state = 'active'").Count);

        // By the ids that receivers are to compare, each notice is there exactly once.
        var calls = _hook.Calls.Where(c => c.Type == "incident.created").ToArray();
        Assert.Equal(Rounds, calls.Select(c => c.Id).Distinct().Count());
        Assert.Equal(Rounds, calls.Select(c => c.Data["incident"]!["id"]!.GetValue<string>()).Distinct().Count());
        Assert.True(await HookReceiver.VerifyAsync(calls[^1], secret));
        var mails = _mail.Taken().Where(m => m.Subject!.StartsWith('[')).ToArray();
        Assert.Equal(Rounds, mails.Select(m => m.MessageId).Distinct().Count());
        Assert.Equal(Rounds, mails.Select(m => m.Subject).Distinct().Count());
        TestContext.Current.SendDiagnosticMessage($"{mails.Length} mails and {calls.Length} calls for {Rounds} notices");
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
