using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>The list of sandboxes, by the names of what is on the page.</summary>
[Collection<ConsoleTests>]
public sealed class SandboxesTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task A_sandbox_is_created_with_a_name_found_extended_and_deleted()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        var page = visit.Page;
        await visit.Button("New sandbox").ClickAsync();
        var dialog = visit.Dialog("New sandbox");
        await dialog.GetByLabel("Template").SelectOptionAsync("default");
        await dialog.GetByLabel("Name").FillAsync("nightly report");
        await dialog.GetByLabel("Lifetime").SelectOptionAsync("1 hour");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await Expect(visit.Heading("nightly report")).ToBeVisibleAsync();
        var sandbox = page.Url.Split('/')[^1];

        var before = (await server.GetAsync($"/v1/sandboxes/{sandbox}"))["expires_at"]!.GetValue<DateTimeOffset>();
        await visit.Button("Extend by an hour").ClickAsync();
        await Expect(visit.Text("It lives an hour longer")).ToBeVisibleAsync();
        var after = (await server.GetAsync($"/v1/sandboxes/{sandbox}"))["expires_at"]!.GetValue<DateTimeOffset>();
        Assert.InRange((after - before).TotalMinutes, 59, 61);
        await visit.Button("Copy id").ClickAsync();
        Assert.Equal(sandbox, await visit.ClipboardAsync());

        await visit.Link("Sandboxes").First.ClickAsync();
        await page.GetByLabel("Filter sandboxes").FillAsync("nightly");
        await Expect(page.GetByRole(AriaRole.Row)).ToHaveCountAsync(2);
        await visit.Button("Delete nightly report").ClickAsync();
        await visit.Dialog("Delete sandbox").GetByRole(AriaRole.Button, new() { Name = "Delete sandbox" }).ClickAsync();
        await Expect(visit.Text("No sandbox matches")).ToBeVisibleAsync();
        await page.GetByLabel("Ended").CheckAsync();
        await Expect(visit.Link("nightly report")).ToBeVisibleAsync();
        await visit.Link("nightly report").ClickAsync();
        await Expect(visit.Text("This sandbox was deleted")).ToBeVisibleAsync();
        await Expect(visit.Tab("Try it")).ToHaveCountAsync(0);
        await Expect(visit.Tab("Runs")).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task The_facts_of_a_sandbox_have_its_limits_its_trace_and_the_names_of_its_environment()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        using var create = new HttpRequestMessage(HttpMethod.Post, "/v1/sandboxes") { Content = JsonContent.Create(new { env = new { TOKEN = "hidden", LANG = "C" }, metadata = new { team = "search" } }) };
        create.Headers.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
        using var created = await server.Client.SendAsync(create, TestContext.Current.CancellationToken);
        var sandbox = JsonNode.Parse(await created.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"/console/sandboxes/{sandbox}?tab=facts");

        await Expect(visit.Text("LANG, TOKEN")).ToBeVisibleAsync();
        await Expect(visit.Text(Trace)).ToBeVisibleAsync();
        await Expect(visit.Text("metadata.team")).ToBeVisibleAsync();
        await Expect(visit.Text("512 MiB")).ToBeVisibleAsync();
        await Expect(visit.Page.GetByText("30 min", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Page.GetByText("hidden")).ToHaveCountAsync(0);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task A_sandbox_that_somebody_else_creates_or_deletes_comes_and_goes_by_itself()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        await Expect(visit.Link(ConsoleServer.SandboxName)).ToBeVisibleAsync();
        var sandbox = await server.CreateAsync("somebody else's");
        await Expect(visit.Link("somebody else's")).ToBeVisibleAsync();
        await server.DeleteAsync(sandbox);
        await Expect(visit.Link("somebody else's")).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData(429, "sandbox_quota_exceeded", "the quota of 20 sandboxes is used up")]
    [InlineData(503, "no_capacity", "no host has room; repeat the request")]
    public async Task A_refused_create_shows_the_servers_own_words(int status, string code, string words)
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        await visit.Page.RouteAsync("**/v1/sandboxes", route => route.Request.Method == "POST"
            ? route.FulfillAsync(new RouteFulfillOptions { Status = status, Headers = new Dictionary<string, string> { ["Retry-After"] = "7" }, ContentType = "application/problem+json", Body = $$"""{"error":"{{words}}","code":"{{code}}","trace_id":"5df33607aaaa"}""" })
            : route.ContinueAsync());
        await visit.Button("New sandbox").ClickAsync();
        await visit.Dialog("New sandbox").GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();

        var alert = visit.Dialog("New sandbox").GetByRole(AriaRole.Alert);
        await Expect(alert).ToContainTextAsync(words[1..]);
        await Expect(alert).ToContainTextAsync("Try again in 7 s.");
        await Expect(alert).ToContainTextAsync(code);
        await Expect(alert).ToContainTextAsync("5df33607aaaa");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.Button("New sandbox")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task The_keyboard_alone_reaches_everything()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        var page = visit.Page;
        await Expect(visit.Heading(ConsoleServer.SandboxName)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await page.EvaluateAsync<string>("document.activeElement.id"));

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("s");
        await Expect(page).ToHaveURLAsync(new Uri(server.Address, "/console/sandboxes").AbsoluteUri);
        await Expect(page).ToHaveTitleAsync("Sandboxes · Podflare");
        Assert.Equal("main", await page.EvaluateAsync<string>("document.activeElement.id"));
        await Expect(page.GetByLabel("Filter sandboxes")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("/");
        await Expect(page.GetByLabel("Filter sandboxes")).ToBeFocusedAsync();
        // In a field, keys are only text.
        await page.Keyboard.TypeAsync("gh?");
        await Expect(page.GetByLabel("Filter sandboxes")).ToHaveValueAsync("gh?");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Keyboard.PressAsync("?");
        await Expect(visit.Dialog("Keyboard")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);

        await visit.GoAsync(server.SandboxPage);
        await visit.Tab("Try it").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(visit.Tab("Runs")).ToBeFocusedAsync();
        await Expect(visit.Tab("Runs")).ToHaveAttributeAsync("aria-selected", "true");
    }

    [Fact]
    public async Task The_theme_follows_the_system_until_the_reader_chooses_one()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes", new BrowserNewContextOptions { ColorScheme = ColorScheme.Dark, ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        var page = visit.Page;
        async Task<string> CanvasAsync() => await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        await Expect(visit.Button("Theme: system")).ToBeVisibleAsync();
        var dark = await CanvasAsync();
        await visit.Button("Theme: system").ClickAsync();
        await Expect(visit.Button("Theme: light")).ToBeVisibleAsync();
        Assert.NotEqual(dark, await CanvasAsync());
        await page.ReloadAsync();
        await Expect(visit.Button("Theme: light")).ToBeVisibleAsync();
        Assert.NotEqual(dark, await CanvasAsync());
        await visit.Button("Theme: light").ClickAsync();
        await visit.Button("Theme: dark").ClickAsync();
        await Expect(visit.Button("Theme: system")).ToBeVisibleAsync();
        Assert.Equal("{}", await page.EvaluateAsync<string>("JSON.stringify(localStorage)"));
    }

    [Fact]
    public async Task A_page_that_does_not_exist_says_so()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/nothing");
        await Expect(visit.Heading("Not found")).ToBeVisibleAsync();
        await visit.GoAsync("/console/sandboxes/sbx_000000000000000000000000000000ff");
        await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("sandbox_not_found");
    }
}
