using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Podflare.Browser;

/// <summary>Every page with content, in different color schemes and widths.</summary>
public sealed class PageTests(Chromium chromium, FilledPage filled) : IClassFixture<FilledPage>
{
    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 320)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Axe_finds_no_violations_on_any_page(ColorScheme scheme, int width)
    {
        await using var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 900 } });
        foreach (var path in Paths())
        {
            var page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(Page, path).AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            await ShootAsync(page, path, $"{scheme}-{width}");
            var found = await page.RunAxe();
            Assert.True(found.Violations.Length == 0, $"{path}: {string.Join("; ", found.Violations.Select(v => $"{v.Id} {v.Help} {string.Join(' ', v.Nodes.Take(3).Select(n => n.Html))} {v.Nodes[0].Any.FirstOrDefault()?.Message}"))}");
            var scroll = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            Assert.True(scroll <= width, $"{path} is {scroll} wide on a screen of {width}");
            await page.CloseAsync();
        }
    }

    [Fact]
    public async Task Everything_works_without_scripts()
    {
        await using var context = await chromium.Browser.NewContextAsync(new BrowserNewContextOptions { JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync(Page.AbsoluteUri);
        Assert.Equal(4 * 90, await page.Locator("ol.bars > li").CountAsync());
        Assert.Contains("Slow creation", await page.ContentAsync(), StringComparison.Ordinal);
        await page.GotoAsync(new Uri(Page, "/subscribe").AbsoluteUri);
        await page.GetByLabel("E-mail address").FillAsync("reader@example.com");
        await page.Locator("#m-api").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Subscribe by e-mail" }).ClickAsync();
        Assert.Equal("Check your mail", await page.Locator("h1").InnerTextAsync());
    }

    [Fact]
    public async Task The_page_updates_without_being_reloaded()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(Page.AbsoluteUri);
        await page.EvaluateAsync("window.untouched = true");
        await filled.Status.ActAsync($"/admin/api/incidents/{filled.Incident}/updates", new { body = "A word that comes alive." });
        await page.GetByText("A word that comes alive.").First.WaitForAsync(new LocatorWaitForOptions { Timeout = 10_000 });
        Assert.True(await page.EvaluateAsync<bool>("window.untouched"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task The_keyboard_alone_reaches_content_bars_and_forms()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(Page.AbsoluteUri);
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
        await page.Keyboard.PressAsync("End");
        await page.Keyboard.PressAsync("ArrowLeft");
        var yesterday = TimeProvider.System.GetUtcNow().AddDays(-1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        await Assertions.Expect(page.Locator(".bar.picked .day")).ToContainTextAsync(yesterday);
        Assert.True((await page.Locator(".bar.picked .day").BoundingBoxAsync())!.Width > 50);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".bar.picked")).ToHaveCountAsync(0);
        await page.GotoAsync(new Uri(Page, "/subscribe").AbsoluteUri);
        await page.Locator("#email").FocusAsync();
        await page.Keyboard.TypeAsync("keys@example.com");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" }).WaitForAsync();
    }

    private Uri Page => filled.Status.Page;

    private string[] Paths() => ["/", "/history", $"/incidents/{filled.Incident}", "/components/sandboxes", "/subscribe", filled.Manage, "/nowhere", "/confirm?t=x"];

    /// <summary>Takes a screenshot if PODFLARE_SHOTS names a folder.</summary>
    internal static async Task ShootAsync(IPage page, string path, string name)
    {
        if (Environment.GetEnvironmentVariable("PODFLARE_SHOTS") is not { Length: > 0 } folder) return;
        var file = string.Concat(path.Split('?')[0].Select(c => char.IsLetter(c) ? c : '_'));
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{file[..Math.Min(file.Length, 12)]}-{name}.png"), FullPage = true });
    }

}
