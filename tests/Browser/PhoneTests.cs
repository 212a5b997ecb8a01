using Microsoft.Playwright;

namespace Podflare.Browser;

/// <summary>The page on a phone: 390 by 844 points, with touch.</summary>
public sealed class PhoneTests(Chromium chromium, FilledPage filled) : IClassFixture<FilledPage>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_legend_names_the_days_that_are_shown_and_their_own_figure(ColorScheme scheme)
    {
        await using var context = await OpenAsync(scheme, 390);
        var page = await GoAsync(context);
        await PageTests.ShootAsync(page, "/phone", $"{scheme}");
        var legend = page.Locator(".bars-legend").First;
        Assert.Equal(30, await page.Locator("ol.bars").First.Locator("li:visible").CountAsync());
        Assert.Matches(@"^30 days ago\s+(\S+ %) uptime(, measured for .+)?\s+Today$", await legend.InnerTextAsync());
        await using var desktop = await OpenAsync(scheme, 1280);
        var wide = await GoAsync(desktop);
        Assert.Equal(90, await wide.Locator("ol.bars").First.Locator("li:visible").CountAsync());
        // The outages of Sandboxes in the last 30 days weigh more there than in 90.
        Assert.NotEqual(await FigureAsync(page), await FigureAsync(wide));
        Assert.Matches(@"^90 days ago\s+\S+ % uptime(, measured for .+)?\s+Today$", await wide.Locator(".bars-legend").First.InnerTextAsync());
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task All_bars_share_one_base_line(int width)
    {
        await using var context = await OpenAsync(ColorScheme.Light, width);
        var page = await GoAsync(context);
        var bottoms = await page.EvaluateAsync<double[]>("[...document.querySelector('ol.bars').children].filter(b => b.offsetParent).map(b => Math.round(b.getBoundingClientRect().bottom))");
        Assert.Single(bottoms.Distinct());
    }

    [Fact]
    public async Task Nothing_is_wider_than_the_screen()
    {
        await using var context = await OpenAsync(ColorScheme.Light, 390);
        var page = await GoAsync(context);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 390);
    }

    private static async Task<string> FigureAsync(IPage page) =>
        string.Join(' ', (await page.Locator(".bars-legend").AllInnerTextsAsync()).Select(t => t.Split('%')[0].Trim().Split('\n')[^1]));

    private Task<IBrowserContext> OpenAsync(ColorScheme scheme, int width) => chromium.Browser.NewContextAsync(new BrowserNewContextOptions
    {
        ColorScheme = scheme,
        ViewportSize = new ViewportSize { Width = width, Height = 844 },
        HasTouch = width < 640,
        IsMobile = width < 640,
    });

    private async Task<IPage> GoAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(filled.Status.Page.AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        return page;
    }
}
