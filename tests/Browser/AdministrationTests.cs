using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Podflare.Status.Services;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser;

/// <summary>The console's pages for operators: overview, activity, hosts, webhooks, keys and usage, of a server that needs keys.</summary>
public sealed class AdministrationTests(Chromium chromium, AdministrationTests.Server server) : IClassFixture<AdministrationTests.Server>
{
    private static readonly string[] Paths = ["/console/", "/console/activity", "/console/hosts", "/console/webhooks", "/console/keys", "/console/keys?tab=usage"];

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Axe_finds_nothing_with_content_and_with_errors(ColorScheme scheme, int width)
    {
        await using var context = await OpenAsync(server.Key, scheme, width);
        var page = await context.NewPageAsync();
        foreach (var path in Paths)
        {
            await GoAsync(page, path);
            await Expect(page.Locator("main .bone")).ToHaveCountAsync(0);
            await AssertAccessibleAsync(page, path);
        }

        await page.RouteAsync("**/v1/**", route => route.Request.Url.EndsWith("/info", StringComparison.Ordinal) ? route.ContinueAsync() : route.FulfillAsync(new RouteFulfillOptions
        {
            Status = 503,
            ContentType = "application/problem+json",
            Body = """{"error":"the storage does not answer","code":"storage_unavailable","trace_id":"0af7651916cd43dd8448eb211c80319c"}""",
        }));
        foreach (var path in Paths)
        {
            await GoAsync(page, path);
            await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("storage_unavailable");
            await AssertAccessibleAsync(page, $"{path} with an error");
        }
    }

    [Fact]
    public async Task The_overview_shows_what_runs_and_what_has_just_happened()
    {
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/");

        await Expect(page.Locator(".tile", new() { HasText = "Sandboxes" })).ToContainTextAsync(new Regex(@"1\s*running"));
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = new("^Runs per minute in the last hour: [1-9]") })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Hosts" })).ToContainTextAsync("Ready");
        var feed = page.Locator(".feed li");
        await Expect(feed.First).ToBeVisibleAsync();
        // Not yet seen by the page.
        await server.ExecAsync("raise SystemExit(7)");
        await Expect(feed.Filter(new() { HasText = "exit 7" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Activity_follows_the_feed_and_shows_only_the_chosen_kind()
    {
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/activity");
        var rows = page.GetByRole(AriaRole.Region, new() { Name = "Activity" }).Locator("tbody tr");
        await Expect(rows.Filter(new() { HasText = "Sandbox created" })).ToHaveCountAsync(1);

        await page.GetByLabel("Show").SelectOptionAsync("run.*");
        await Expect(rows.Filter(new() { HasText = "Sandbox created" })).ToHaveCountAsync(0);
        await server.ExecAsync("raise SystemExit(8)");

        await Expect(rows.Filter(new() { HasText = "exit 8" })).ToHaveCountAsync(1);
        Assert.EndsWith("?types=run.*", Uri.UnescapeDataString(page.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_comes_while_the_list_is_on_its_way_stays()
    {
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        TaskCompletionSource renewing = new(), release = new(), renewed = new();
        var (requests, before) = (0, "");
        // The list is asked for twice: at the start, and again once the stream is there. Both answers are of before the event.
        await page.RouteAsync(new Regex(@"/v1/events\?after=\d+&limit=1000$"), async route =>
        {
            switch (++requests)
            {
                case 1:
                    before = await (await route.FetchAsync()).TextAsync();
                    break;
                case 3:
                    renewing.SetResult();
                    await release.Task;
                    break;
            }

            var after = Regex.Match(route.Request.Url, @"after=(\d+)").Groups[1].Value;
            await route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = requests is 1 or 3 ? before : $$"""{"events":[],"next_after":{{after}}}""" });
            if (requests == 4) renewed.SetResult();
        });
        await GoAsync(page, "/console/activity");
        await renewing.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await server.ExecAsync("raise SystemExit(9)");
        var rows = page.GetByRole(AriaRole.Region, new() { Name = "Activity" }).Locator("tbody tr").Filter(new() { HasText = "exit 9" });
        await Expect(rows).ToHaveCountAsync(1);
        release.SetResult();
        await renewed.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await page.EvaluateAsync("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
        await Expect(rows).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_host_is_drained_after_a_question_that_says_how_many_sandboxes_stay()
    {
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/hosts");
        var host = page.GetByRole(AriaRole.Region, new() { Name = "Hosts" });

        await host.GetByRole(AriaRole.Button, new() { NameRegex = new("^Drain") }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync("1 sandbox stays");
        await page.Keyboard.PressAsync("Escape");
        await Expect(host).ToContainTextAsync("Ready");
        await host.GetByRole(AriaRole.Button, new() { NameRegex = new("^Cordon") }).ClickAsync();
        await Expect(host).ToContainTextAsync("Cordoned");
        await host.GetByRole(AriaRole.Button, new() { NameRegex = new("^Uncordon") }).ClickAsync();

        await Expect(host).ToContainTextAsync("Ready");
    }

    [Fact]
    public async Task A_webhook_is_added_tested_replayed_rotated_and_removed()
    {
        using var receiver = new HookReceiver();
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/webhooks");

        await page.GetByRole(AriaRole.Button, new() { Name = "Add webhook" }).First.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Address").FillAsync("http://10.1.2.3/x");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("address_refused");
        await Expect(dialog.GetByLabel("Address")).ToHaveValueAsync("http://10.1.2.3/x");
        await dialog.GetByLabel("Address").FillAsync(receiver.Address.AbsoluteUri);
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Region, new() { Name = "Secret" })).ToContainTextAsync("whsec_");
        await AssertAccessibleAsync(page, "the secret");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Send a test" }).ClickAsync();
        await receiver.OneAsync("webhook.test");
        await server.ExecAsync("1");
        await receiver.OneAsync("run.ended");
        var deliveries = page.GetByRole(AriaRole.Region, new() { Name = "Deliveries" }).Locator("tbody tr");
        await Expect(deliveries.Filter(new() { HasText = "run.ended" })).ToContainTextAsync("Delivered");
        await AssertAccessibleAsync(page, "a webhook");
        await deliveries.Filter(new() { HasText = "run.ended" }).GetByRole(AriaRole.Button, new() { NameRegex = new("^Send again") }).ClickAsync();
        await Until.TrueAsync(() => Task.FromResult(receiver.Calls.Count(call => call.Type == "run.ended") == 2), 20, "the event came again");

        await page.GetByRole(AriaRole.Button, new() { Name = "New secret" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Draw a new secret" }).ClickAsync();
        await Expect(dialog.GetByRole(AriaRole.Region, new() { Name = "Secret" })).ToContainTextAsync("whsec_");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await Expect(page.Locator(".head")).ToContainTextAsync("Disabled");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Remove webhook" }).ClickAsync();

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Receivers" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = receiver.Address.AbsoluteUri })).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_key_is_shown_once_works_and_is_revoked()
    {
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/keys");

        // A server without Redis keeps its keys.
        var name = $"from the console {Guid.NewGuid():N}";
        await page.GetByRole(AriaRole.Button, new() { Name = "Create key" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Name").FillAsync(name);
        await AssertAccessibleAsync(page, "the dialog of a new key");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        var secret = (await dialog.GetByRole(AriaRole.Region, new() { Name = "Secret" }).TextContentAsync())!;
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        Assert.Equal(200, await server.StatusAsync(secret));
        Assert.DoesNotContain(secret, await page.ContentAsync(), StringComparison.Ordinal);

        var row = page.GetByRole(AriaRole.Region, new() { Name = "Keys" }).Locator("tbody tr", new() { HasText = name });
        await row.GetByRole(AriaRole.Button, new() { NameRegex = new("^Revoke") }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();

        await Expect(row).ToContainTextAsync("Revoked");
        await Until.TrueAsync(async () => await server.StatusAsync(secret) == 401, 20, "the key is refused");
    }

    [Fact]
    public async Task Usage_is_shown_per_day_and_key()
    {
        await Until.TrueAsync(async () => (await server.UsageAsync()).Contains("\"operator\"", StringComparison.Ordinal), 30, "the usage of the key is counted");
        await using var context = await OpenAsync(server.Key);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/keys?tab=usage");

        // The status page's own sandboxes may have a row of their own by now, without a key.
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Usage per day and key" }).Locator("tbody tr").Filter(new() { HasText = "operator" })).ToHaveCountAsync(1);
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Download CSV" }).ClickAsync());
        Assert.EndsWith(".csv", download.SuggestedFilename, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_may_not_see_hosts_keys_and_webhooks_does_not_see_their_pages()
    {
        await using var context = await OpenAsync(Server.TenantKey);
        var page = await context.NewPageAsync();
        await GoAsync(page, "/console/");

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Latest activity" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Hosts" })).ToHaveCountAsync(0);
        Assert.Equal(["Overview", "Sandboxes", "Activity"], await page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link).AllInnerTextsAsync());
        await GoAsync(page, "/console/keys");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("insufficient_scope");
    }

    private async Task<IBrowserContext> OpenAsync(string key, ColorScheme scheme = ColorScheme.Light, int width = 1280)
    {
        var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 900 } });
        await context.AddInitScriptAsync($"sessionStorage.setItem('podflare.key', '{key}')");
        return context;
    }

    private Task GoAsync(IPage page, string path) => page.GotoAsync(new Uri(server.Address, path).AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });

    private static async Task AssertAccessibleAsync(IPage page, string what)
    {
        var found = await page.RunAxe();
        Assert.True(found.Violations.Length == 0, $"{what}: {string.Join("; ", found.Violations.Select(v => $"{v.Id} {v.Help} {string.Join(' ', v.Nodes.Take(3).Select(n => n.Html))}"))}");
        var wide = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
        Assert.True(wide <= page.ViewportSize!.Width, $"{what} is {wide} wide");
    }

    /// <summary>A server with an administrator, a tenant, and a sandbox that has executed a run.</summary>
    public sealed class Server : IAsyncLifetime
    {
        internal const string TenantKey = "a-key-of-a-tenant-0123";
        private const string Admin = "an-admin-key-of-more-than-32-characters";

        private readonly Platform _platform = new(
            ("PODFLARE_ADMIN_KEYS", Admin), ("PODFLARE_API_KEYS", $"acme:{TenantKey}"), ("Podflare__Webhooks__AllowHttp", "true"), ("Podflare__Webhooks__AllowedAddresses", "127.0.0.1"),
            ("Podflare__Usage__FoldSeconds", "1"));

        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
        private string _sandbox = "";

        internal Uri Address => _platform.Address;

        /// <summary>May do everything.</summary>
        internal string Key { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            SetDefaultExpectTimeout(20_000);
            await _platform.StartAsync();
            _http.BaseAddress = Address;
            Key = (await SendAsync(Admin, "/v1/keys", new { name = "operator", scopes = (string[])["sandboxes", "admin"] }))["key"]!.GetValue<string>();
            _sandbox = (await SendAsync(Key, "/v1/sandboxes", new { }))["id"]!.GetValue<string>();
            await ExecAsync("print(1)");
        }

        internal async Task ExecAsync(string code)
        {
            using var request = Request(Key, $"/v1/sandboxes/{_sandbox}/exec", new { code });
            using var response = await _http.SendAsync(request);
            response.EnsureSuccessStatusCode();
        }

        internal async Task<string> UsageAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/usage") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", Key) } };
            using var response = await _http.SendAsync(request);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsStringAsync();
        }

        /// <summary>The status of an answer to somebody with this key.</summary>
        internal async Task<int> StatusAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/sandboxes") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
            using var response = await _http.SendAsync(request);
            return (int)response.StatusCode;
        }

        private async Task<JsonNode> SendAsync(string key, string path, object body)
        {
            using var request = Request(key, path, body);
            using var response = await _http.SendAsync(request);
            var answer = await response.Content.ReadAsStringAsync();
            return response.IsSuccessStatusCode ? JsonNode.Parse(answer)! : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {answer}");
        }

        private static HttpRequestMessage Request(string key, string path, object body) =>
            new(HttpMethod.Post, path) { Content = JsonContent.Create(body), Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _platform.DisposeAsync();
        }
    }
}
