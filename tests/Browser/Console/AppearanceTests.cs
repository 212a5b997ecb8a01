using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>Every page in both color schemes and on screens of all widths: with content, with nothing, and when the server refuses.</summary>
[Collection<ConsoleTests>]
public sealed class AppearanceTests(Chromium chromium, ConsoleServer server)
{
    private static readonly string[] Lists = ["/console/", "/console/sandboxes", "/console/activity", "/console/hosts", "/console/webhooks", "/console/keys"];

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 320)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Axe_finds_nothing_on_any_page(ColorScheme scheme, int width)
    {
        await using var visit = await OpenAsync(scheme, width);
        string[] tabs = ["try", "runs", "files", "events", "logs", "facts"];
        foreach (var path in (string[])[.. Lists, .. tabs.Select(tab => $"{server.SandboxPage}?tab={tab}"), server.RunPage, "/console/nothing"])
        {
            await visit.GoAsync(path);
            await SettleAsync(visit);
            await PageTests.ShootAsync(visit.Page, path.Replace(server.Sandbox, "", StringComparison.Ordinal).Replace('?', '_'), $"{scheme}-{width}");
            await visit.AssertAccessibleAsync(path);
        }

        await visit.GoAsync(server.SandboxPage);
        await visit.RunAsync("import sys\nprint('out')\nprint('err', file=sys.stderr)\ninput('Name? ')");
        await Expect(visit.Cell(1).GetByLabel("Name?")).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync("a cell that asks");
        await visit.Cell(1).GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Expect(visit.Cell(1).GetByText("Exit 0")).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Axe_finds_nothing_when_the_server_refuses_or_has_nothing(ColorScheme scheme, int width)
    {
        await using var visit = await OpenAsync(scheme, width);
        await visit.Page.RouteAsync("**/v1/**", route => route.Request.Url.EndsWith("/info", StringComparison.Ordinal) ? route.ContinueAsync() : route.FulfillAsync(new RouteFulfillOptions
        {
            Status = 500,
            ContentType = "application/problem+json",
            Body = """{"error":"something went wrong on the server","code":"internal","trace_id":"0af7651916cd43dd8448eb211c80319c"}""",
        }));
        foreach (var path in (string[])[.. Lists, server.SandboxPage, server.RunPage])
        {
            await visit.GoAsync(path);
            await SettleAsync(visit);
            await Expect(visit.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("internal");
            await visit.AssertAccessibleAsync($"{path} with an error");
        }

        await visit.Page.UnrouteAllAsync();
        await visit.Page.RouteAsync("**/v1/sandboxes?*", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = """{"sandboxes":[],"next_cursor":null}""" }));
        await visit.GoAsync("/console/sandboxes");
        await Expect(visit.Text("No sandbox is running.")).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync("no sandboxes");
        await visit.Button("New sandbox").First.ClickAsync();
        await Expect(visit.Dialog("New sandbox").GetByLabel("Template")).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync("the dialog of a new sandbox");
    }

    [Fact]
    public async Task On_a_phone_the_rail_is_five_tabs_whose_targets_are_large_enough()
    {
        await using var visit = await OpenAsync(ColorScheme.Light, 390);
        await visit.GoAsync("/console/sandboxes");
        var tabs = visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" });
        await Expect(tabs.GetByRole(AriaRole.Link, new() { Name = "Hosts" })).ToBeVisibleAsync();
        foreach (var target in await tabs.Locator("a:visible, button:visible").AllAsync())
        {
            var box = (await target.BoundingBoxAsync())!;
            Assert.True(box is { Width: >= 44, Height: >= 44 } && box.Y + box.Height <= 844, $"{box.Width} x {box.Height} at {box.Y}");
        }

        await tabs.GetByRole(AriaRole.Button, new() { Name = "More" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Navigation, new() { Name = "More" }).GetByRole(AriaRole.Link, new() { Name = "API reference" })).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync("the sheet");
    }

    private async Task<Visit> OpenAsync(ColorScheme scheme, int width) => await Visit.OpenAsync(
        chromium, server.Address, "/console/nothing", new BrowserNewContextOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce, ViewportSize = new ViewportSize { Width = width, Height = 844 } });

    private static async Task SettleAsync(Visit visit)
    {
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".bones")).ToHaveCountAsync(0);
    }
}
