using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>A real platform is killed and restarted while a reader has the page open.</summary>
public sealed class OutageTests(Chromium chromium) : IAsyncLifetime
{
    private const double RunSeconds = 4;
    private const double ReadySeconds = 2;

    private readonly Platform _platform = new();
    private readonly MailServer _mail = new();
    private readonly HookReceiver _hook = new();
    private StatusService _status = null!;

    public async ValueTask InitializeAsync()
    {
        await _mail.StartAsync();
        await _platform.StartAsync();
        _status = new StatusService(new Dictionary<string, string>
        {
            ["Status__Probes__Platform"] = _platform.Address.AbsoluteUri,
            ["Status__Probes__RunSeconds"] = $"{RunSeconds}",
            ["Status__Probes__ReadySeconds"] = $"{ReadySeconds}",
            ["Status__Probes__ReplaySeconds"] = "8",
            ["Status__Incidents__ResolveAfterSeconds"] = "6",
            ["Status__Incidents__NoticeGapSeconds"] = "0",
            ["Status__Webhooks__AllowHttp"] = "true",
            ["Status__Webhooks__AllowedAddresses"] = "127.0.0.1",
        }.With(Settings.Mail(_mail.Port)));
        await _status.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _status.DisposeAsync();
        await _platform.DisposeAsync();
        await _mail.DisposeAsync();
        _hook.Dispose();
    }

    [Fact]
    public async Task An_outage_is_detected_reported_and_resolved_and_the_figures_match_a_manual_calculation()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(_status.Page.AbsoluteUri);
        var headline = page.Locator(".headline");
        await WaitForAsync(headline, "All systems operational", 60);
        await _status.SubscribeAsync(_mail, "reader@example.com");
        var (secret, _) = await _status.AddHookAsync(_hook);

        await _platform.KillAsync();
        var killed = TimeProvider.System.GetTimestamp();
        // The open page updates itself.
        await WaitForAsync(headline, "Major outage", 2 * RunSeconds);
        var shown = TimeProvider.System.GetElapsedTime(killed);
        Assert.True(shown.TotalSeconds <= 2 * RunSeconds, $"shown after {shown}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Open incidents" }).WaitForAsync();
        var created = await _hook.OneAsync("incident.created");
        Assert.True(await HookReceiver.VerifyAsync(created, secret));
        await _mail.OneAsync(m => m.Subject!.StartsWith("[Investigating]", StringComparison.Ordinal), "the incident");

        // During the outage the page responds, and the other components join the same incident.
        await Until.TrueAsync(async () => Major(await _status.GetAsync("/api/v2/components.json")) == 4, 60, "all four are out");
        Assert.Single((await _status.GetAsync("/api/v2/incidents/unresolved.json"))["incidents"]!.AsArray());

        await _platform.StartAsync();
        await _mail.OneAsync(m => m.Subject!.StartsWith("[Monitoring]", StringComparison.Ordinal), "that it is watched", 90);
        await _mail.OneAsync(m => m.Subject!.StartsWith("[Resolved]", StringComparison.Ordinal), "that it is resolved", 60);
        var resolved = await _hook.OneAsync("incident.resolved");
        Assert.True(await HookReceiver.VerifyAsync(resolved, secret));
        Assert.Contains(_hook.Calls, c => c.Type == "incident.updated" && c.Data["incident"]!["status"]!.GetValue<string>() == "monitoring");
        await WaitForAsync(headline, "All systems operational", 10);

        await page.GotoAsync(new Uri(_status.Page, "/history").AbsoluteUri);
        Assert.Equal(1, await page.Locator("article").CountAsync());
        foreach (var stage in new[] { "Investigating", "Monitoring", "Resolved" }) Assert.True(await page.Locator(".stage", new() { HasText = stage }).CountAsync() >= 1, stage);
        await AgreesAsync(page);
    }

    [Fact]
    public async Task Probes_leave_no_sandbox_behind()
    {
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM sample WHERE component = 'event-streaming' AND outcome = 'Ok'").Count > 0), 60, "a replay was right");
        await _status.DisposeAsync();
        using var http = new HttpClient { BaseAddress = _platform.Address };
        await Until.TrueAsync(
            async () => JsonNode.Parse(await http.GetStringAsync("/v1/sandboxes?metadata.purpose=probe"))!["sandboxes"]!.AsArray().All(s => s!["state"]!.GetValue<string>() == "ended"), 20, "no probe's sandbox lives");
    }

    /// <summary>Compares the page with figures that are calculated from the raw samples.</summary>
    private async Task AgreesAsync(IPage page)
    {
        await page.GotoAsync(_status.Page.AbsoluteUri);
        var uptime = await _status.GetAsync("/api/uptime.json");
        foreach (var id in new[] { "api", "sandboxes", "code-execution", "event-streaming" })
        {
            var samples = _status.Rows($"SELECT at, outcome FROM sample WHERE component = '{id}' ORDER BY at").ConvertAll(r => ((long)r[0]!, (string)r[1]!));
            var first = samples.First(s => s.Item2 == "Fail").Item1;
            var back = samples.First(s => s.Item1 > samples.Last(f => f.Item2 == "Fail").Item1 && s.Item2 is "Ok" or "Slow").Item1;
            var byHand = (back - first) / 1000.0;
            var component = uptime["components"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == id)!;
            var seconds = component["seconds"]!;
            Assert.Equal(byHand, seconds["major"]!.GetValue<double>(), 0.002);
            var measured = seconds["window"]!.GetValue<double>() - seconds["no_data"]!.GetValue<double>();
            Assert.Equal(1 - (byHand / measured), component["uptime"]!.GetValue<double>(), 6);
            Assert.Equal("major_outage", component["days"]!.AsArray()[^1]!["worst"]!.GetValue<string>());
            var today = await page.Locator($"ol.bars[aria-label^='{component["name"]}:'] > li").Last.TextContentAsync();
            Assert.Contains("Major outage", today, StringComparison.Ordinal);
        }
    }

    private static int Major(JsonObject components) => components["components"]!.AsArray().Count(c => c!["status"]!.GetValue<string>() == "major_outage");

    private static Task WaitForAsync(ILocator locator, string text, double seconds) =>
        Assertions.Expect(locator).ToHaveTextAsync(text, new LocatorAssertionsToHaveTextOptions { Timeout = (float)(seconds * 1000) });
}
