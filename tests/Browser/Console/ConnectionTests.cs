using System.Net;
using Microsoft.Playwright;
using Podflare.Faults.Services;
using Podflare.Status.Services;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>Connections that break, and servers that go and come back, while a page is open.</summary>
[Collection<ConsoleTests>]
public sealed class ConnectionTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task A_connection_that_is_cut_and_refused_for_two_seconds_loses_and_repeats_no_event()
    {
        const int lines = 400;
        await using var proxy = new CuttableProxy(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, server.Address.Port));
        var through = new Uri($"http://{proxy.Address}");
        await using var visit = await Visit.OpenAsync(chromium, through, server.SandboxPage);
        await visit.RunAsync($"import time\nfor i in range({lines}):\n    print('row', i)\n    time.sleep(0.015)");
        await Expect(visit.Cell(1).GetByText("row 20")).ToBeVisibleAsync();
        proxy.Break(Cut.Refuse);
        await Expect(visit.Cell(1).GetByText("Reconnecting after event")).ToBeVisibleAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
        proxy.Mend();

        await Expect(visit.Cell(1).GetByText("Exit 0")).ToBeVisibleAsync();
        var output = await visit.Page.EvaluateAsync<string>("document.querySelector('.cell .out').textContent");
        Assert.Equal(string.Concat(Enumerable.Range(0, lines).Select(i => $"row {i}\n")), output);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task A_start_whose_answer_is_lost_is_repeated_and_runs_once()
    {
        await using var proxy = new CuttableProxy(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, server.Address.Port));
        await using var visit = await Visit.OpenAsync(chromium, new Uri($"http://{proxy.Address}"), server.SandboxPage);
        await visit.RunAsync("counter = 0");
        await Expect(visit.Cell(1).GetByText("Exit 0")).ToBeVisibleAsync();
        var isFirst = true;
        await visit.Page.RouteAsync("**/exec?*", async route =>
        {
            if (!isFirst)
            {
                await route.ContinueAsync();
                return;
            }

            // The server has begun the run, and the browser does not learn of it.
            isFirst = false;
            await route.FetchAsync();
            await route.AbortAsync("connectionreset");
        });
        await visit.RunAsync("counter += 1\ncounter");
        await Expect(visit.Cell(2).GetByRole(AriaRole.Region, new() { Name = "Result of cell 2" })).ToHaveTextAsync("1");
        Assert.False(isFirst);
    }

    [Fact]
    public async Task A_server_that_dies_and_comes_back_leaves_the_last_figures_with_a_note()
    {
        await using var platform = new Platform();
        await platform.StartAsync();
        using var http = new HttpClient { BaseAddress = platform.Address };
        using (var created = await http.PostAsync("/v1/sandboxes", new StringContent("""{"metadata":{"name":"before"}}""", null, "application/json"), TestContext.Current.CancellationToken)) created.EnsureSuccessStatusCode();
        await using var visit = await Visit.OpenAsync(chromium, platform.Address, "/console/sandboxes");
        await Expect(visit.Link("before")).ToBeVisibleAsync();

        await platform.KillAsync();
        await Expect(visit.Text("The server does not answer.")).ToBeVisibleAsync();
        await Expect(visit.Link("before")).ToBeVisibleAsync();
        await platform.StartAsync();
        await Expect(visit.Text("The server does not answer.")).ToHaveCountAsync(0);
        await Expect(visit.Page.GetByText("Live", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task A_browser_whose_clock_is_wrong_shows_right_times()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/nothing");
        await visit.Page.AddInitScriptAsync("const shift = 26 * 3600e3; const real = Date.now; Date.now = () => real() + shift;");
        await visit.GoAsync(server.SandboxPage);
        await Expect(visit.Page.GetByText("Ends in").Locator("..")).ToContainTextAsync("24 h");
        await visit.GoAsync("/console/sandboxes");
        await Expect(visit.Page.GetByRole(AriaRole.Row, new() { Name = ConsoleServer.SandboxName }).GetByText("in 24 h")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_server_of_another_version_offers_to_reload()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        await Expect(visit.Link(ConsoleServer.SandboxName)).ToBeVisibleAsync();
        await visit.Page.RouteAsync("**/v1/info", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = """{"version":"99.0.0","auth":"none","links":{},"features":[]}""" }));
        await visit.Page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))");
        await Expect(visit.Text("The server has been upgraded to version 99.0.0.")).ToBeVisibleAsync();
        await Expect(visit.Button("Reload")).ToBeVisibleAsync();
    }
}
