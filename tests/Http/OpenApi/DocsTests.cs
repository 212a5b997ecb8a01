using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Podflare.OpenApi;

public sealed class DocsTests(SharedCluster shared)
{
    private const string Chromium = "/usr/bin/chromium";

    [Fact]
    public async Task The_docs_show_the_api_in_a_browser_and_ask_nobody_else()
    {
        Repository.SkipInFastMode("Chromium");
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = ["--no-sandbox"] });
        var page = await browser.NewPageAsync();
        var (asked, refused) = (new ConcurrentBag<string>(), new ConcurrentBag<string>());
        page.Request += (_, request) => asked.Add(request.Url);
        page.Console += (_, message) =>
        {
            if (message.Type == "error") refused.Add(message.Text);
        };

        await page.GotoAsync(new Uri(shared.Cluster.Address, "/docs").ToString());
        await page.GetByText("Create a sandbox").First.WaitForAsync(new() { Timeout = 60_000 });
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);

        Assert.Contains(asked, url => url.EndsWith("/openapi/v1.json", StringComparison.Ordinal));
        Assert.All(asked, url => Assert.True(new Uri(url).Scheme is "data" or "blob" || new Uri(url).Authority == shared.Cluster.Address.Authority, url));
        // Nothing was even tried: the content security policy would have told.
        Assert.Empty(refused);
    }
}
