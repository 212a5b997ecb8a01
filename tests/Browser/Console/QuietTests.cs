using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>What the console asks for when nobody does anything.</summary>
[Collection<ConsoleTests>]
public sealed class QuietTests(Chromium chromium, ConsoleServer server)
{
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(10);
    private const int MostIn10Seconds = 6;

    [Theory]
    [InlineData("/console/")]
    [InlineData("/console/sandboxes")]
    public async Task An_idle_page_asks_little_nothing_while_it_is_hidden_and_only_its_own_server(string path)
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, path);
        await Expect(visit.Page.Locator(".bones")).ToHaveCountAsync(0);
        await visit.Page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
        await SettledAsync(visit);
        Assert.InRange(await CountAsync(visit), 0, MostIn10Seconds);

        await visit.Page.EvaluateAsync("Object.defineProperty(document, 'hidden', { get: () => true }); document.dispatchEvent(new Event('visibilitychange'))");
        await SettledAsync(visit);
        Assert.Equal(0, await CountAsync(visit));
        Assert.All(visit.Requests, address => Assert.StartsWith(server.Address.AbsoluteUri, address, StringComparison.Ordinal));
        Assert.Empty(await visit.Context.CookiesAsync());
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task No_page_sets_a_cookie_or_asks_another_origin()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync("print(1)");
        await Expect(visit.Cell(1).GetByText("Exit 0", new() { Exact = true })).ToBeVisibleAsync();
        await visit.GoAsync(server.RunPage);
        await Expect(visit.Text("Complete")).ToBeVisibleAsync();
        await visit.AssertNothingExecutedAsync();
        Assert.Empty(await visit.Context.CookiesAsync());
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>("Object.keys(localStorage).concat(Object.keys(sessionStorage))"));
    }

    /// <summary>Waits until a second has passed without a request.</summary>
    private static async Task SettledAsync(Visit visit)
    {
        for (var seen = -1; seen != visit.Requests.Count;)
        {
            seen = visit.Requests.Count;
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<int> CountAsync(Visit visit)
    {
        var before = visit.Requests.Count;
        await Task.Delay(Watched, TimeProvider.System, TestContext.Current.CancellationToken);
        return visit.Requests.Count - before;
    }
}
