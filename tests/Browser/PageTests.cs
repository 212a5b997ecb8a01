using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>Every page, filled, as readers with different eyes and machines see it.</summary>
public sealed class PageTests(Chromium chromium) : IAsyncLifetime
{
    private readonly StatusService _status = new(new Dictionary<string, string>
    {
        ["Status__Probes__Platform"] = $"http://127.0.0.1:{TestRun.FreePort()}",
        ["Status__Mail__Host"] = "127.0.0.1",
        ["Status__Mail__Port"] = $"{TestRun.FreePort()}",
    });

    private static readonly string[] OnApi = ["api"];

    private string _incident = "";
    private string _manage = "";

    public async ValueTask InitializeAsync()
    {
        await _status.StartAsync();
        await Until.TrueAsync(() => Task.FromResult(_status.Rows("SELECT 1 FROM component").Count == 4), 10, "the components are there");
        Fill();
        var incident = await _status.ActAsync("/admin/api/incidents", new
        {
            title = "Slow creation of sandboxes",
            body = "Creates take longer than usual.\n\nThe cause is known, see https://example.com/a?b=1.",
            status = "identified",
            components = new Dictionary<string, string> { ["sandboxes"] = "degraded_performance" },
        });
        _incident = incident["id"]!.GetValue<string>();
        var now = TimeProvider.System.GetUtcNow();
        await _status.ActAsync("/admin/api/maintenances", new
        {
            title = "Upgrade of a database",
            body = "Short pauses are possible.",
            components = OnApi,
            scheduled_for = now.AddDays(2),
            scheduled_until = now.AddDays(2).AddHours(1),
        });
        using var added = await _status.PostFormAsync("/subscribe/webhook", ("url", "https://hooks.example.com/a"), ("kind", "incidents"));
        var text = await added.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        _manage = new Uri(System.Net.WebUtility.HtmlDecode(text.Split("id=\"manage\" href=\"")[1].Split('"')[0])).PathAndQuery;
    }

    public ValueTask DisposeAsync() => _status.DisposeAsync();

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 320)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Axe_finds_nothing_on_any_page(ColorScheme scheme, int width)
    {
        await using var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 900 } });
        foreach (var path in Paths())
        {
            var page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(_status.Page, path).AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            await ShootAsync(page, path, $"{scheme}-{width}");
            var found = await page.RunAxe();
            Assert.True(found.Violations.Length == 0, $"{path}: {string.Join("; ", found.Violations.Select(v => $"{v.Id} {v.Help} {string.Join(' ', v.Nodes.Take(3).Select(n => n.Html))} {v.Nodes[0].Any.FirstOrDefault()?.Message}"))}");
            var scroll = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            Assert.True(scroll <= width, $"{path} is {scroll} wide on a screen of {width}");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task Everything_is_there_without_scripts()
    {
        await using var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync(_status.Page.AbsoluteUri);
        Assert.Equal(4 * 90, await page.Locator("ol.bars > li").CountAsync());
        Assert.Contains("Slow creation", await page.ContentAsync(), StringComparison.Ordinal);
        await page.GotoAsync(new Uri(_status.Page, "/subscribe").AbsoluteUri);
        await page.GetByLabel("E-mail address").FillAsync("reader@example.com");
        await page.Locator("#m-api").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Subscribe by e-mail" }).ClickAsync();
        Assert.Equal("Check your mail", await page.Locator("h1").InnerTextAsync());
    }

    [Fact]
    public async Task The_page_follows_a_change_without_being_reloaded()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(_status.Page.AbsoluteUri);
        await page.EvaluateAsync("window.untouched = true");
        await _status.ActAsync($"/admin/api/incidents/{_incident}/updates", new { body = "A word that comes alive." });
        await page.GetByText("A word that comes alive.").First.WaitForAsync(new LocatorWaitForOptions { Timeout = 10_000 });
        Assert.True(await page.EvaluateAsync<bool>("window.untouched"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_keyboard_alone_reaches_content_bars_and_forms()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(_status.Page.AbsoluteUri);
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");
        var bars = false;
        for (var i = 0; i < 30 && !bars; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            bars = await page.EvaluateAsync<bool>("document.activeElement.matches('ol.bars')");
        }

        Assert.True(bars);
        await page.GotoAsync(new Uri(_status.Page, "/subscribe").AbsoluteUri);
        await page.Locator("#email").FocusAsync();
        await page.Keyboard.TypeAsync("keys@example.com");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" }).WaitForAsync();
    }

    private string[] Paths() => ["/", "/history", $"/incidents/{_incident}", "/subscribe", _manage, "/nowhere", "/confirm?t=x"];

    /// <summary>For a person to look at, where asked; never kept with the code.</summary>
    private static async Task ShootAsync(IPage page, string path, string name)
    {
        if (Environment.GetEnvironmentVariable("PODFLARE_SHOTS") is not { Length: > 0 } folder) return;
        var file = string.Concat(path.Split('?')[0].Select(c => char.IsLetter(c) ? c : '_'));
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{file[..Math.Min(file.Length, 12)]}-{name}.png"), FullPage = true });
    }

    private void Fill()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_status.Folder, "status.db")};Pooling=False;Default Timeout=10");
        connection.Open();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        const long day = 86_400_000;
        var random = new Random(7);
        foreach (var component in new[] { "api", "sandboxes", "code-execution", "event-streaming" })
        {
            Run($"INSERT INTO interval (component, layer, status, start, finish) VALUES ('{component}', 'probe', 'Operational', {now - (70 * day)}, {now - 5000})");
            foreach (var (status, layer) in new[] { ("MajorOutage", "hand"), ("PartialOutage", "hand"), ("DegradedPerformance", "hand"), ("UnderMaintenance", "maintenance") })
            {
                var from = now - (random.NextInt64(2, 60) * day);
                Run($"INSERT INTO interval (component, layer, status, start, finish) VALUES ('{component}', '{layer}', '{status}', {from}, {from + random.NextInt64(60_000, 7_000_000)})");
            }
        }

        foreach (var (series, size) in new[] { ("create", 220), ("first_event", 30), ("run", 90) })
        {
            for (var i = 0; i < 288; i++)
            {
                if (i is > 100 and < 120) continue;
                var p50 = size * (0.8 + (random.NextDouble() * 0.4));
                Run(string.Create(CultureInfo.InvariantCulture, $"INSERT OR REPLACE INTO rollup VALUES ('short', '{series}', {(now / 300_000 * 300_000) - (i * 300_000L)}, 10, {p50}, {p50 * (1.2 + random.NextDouble())})"));
                if (i < 60) Run(string.Create(CultureInfo.InvariantCulture, $"INSERT OR REPLACE INTO rollup VALUES ('long', '{series}', {(now / day * day) - (i * day)}, 2880, {p50}, {p50 * (1.2 + random.NextDouble())})"));
            }
        }

        void Run(string statement)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
            command.CommandText = statement;
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }
    }
}
