using Microsoft.Playwright;
using Podflare.Status.Services;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>A server that needs keys, whose key stays in the tab.</summary>
public sealed class KeyTests(Chromium chromium) : IAsyncLifetime
{
    private const string Admin = "an-admin-key-of-more-than-32-characters";
    private const string Tenant = "a-key-of-a-tenant-0123";

    private readonly Platform _platform = new(("PODFLARE_ADMIN_KEYS", Admin), ("PODFLARE_API_KEYS", $"acme:{Tenant}"));

    public async ValueTask InitializeAsync() => await _platform.StartAsync();

    public async ValueTask DisposeAsync() => await _platform.DisposeAsync();

    [Fact]
    public async Task The_key_is_asked_for_once_kept_in_the_tab_alone_and_decides_what_is_in_the_rail()
    {
        await using var visit = await Visit.OpenAsync(chromium, _platform.Address, "/console/sandboxes");
        var page = visit.Page;
        var dialog = visit.Dialog("API key");
        await Expect(dialog.GetByLabel("Key")).ToHaveAttributeAsync("type", "password");
        await EnterAsync(visit, "not-the-key-at-all-1234");
        await Expect(dialog.GetByText("The server does not accept the key of this tab.")).ToBeVisibleAsync();
        await EnterAsync(visit, Tenant);
        await Expect(visit.Text("No sandbox is running.")).ToBeVisibleAsync();
        // Its scope allows neither hosts nor keys.
        await Expect(visit.Link("Activity")).ToBeVisibleAsync();
        await Expect(visit.Link("Hosts")).ToHaveCountAsync(0);
        await Expect(visit.Link("Keys")).ToHaveCountAsync(0);

        await visit.GoAsync("/console/sandboxes");
        await Expect(visit.Text("No sandbox is running.")).ToBeVisibleAsync();
        Assert.Equal($$"""{"podflare.key":"{{Tenant}}"}""", await page.EvaluateAsync<string>("JSON.stringify(sessionStorage)"));
        Assert.Equal("{}", await page.EvaluateAsync<string>("JSON.stringify(localStorage)"));
        Assert.Empty(await visit.Context.CookiesAsync());
        Assert.DoesNotContain(visit.Requests, address => address.Contains(Tenant, StringComparison.Ordinal));
        var other = await visit.Context.NewPageAsync();
        await other.GotoAsync(page.Url);
        await Expect(other.GetByRole(AriaRole.Dialog, new() { Name = "API key" })).ToBeVisibleAsync();
        await other.CloseAsync();

        await visit.Button("Forget the key").ClickAsync();
        await EnterAsync(visit, Admin);
        await Expect(visit.Link("Hosts")).ToBeVisibleAsync();
        await Expect(visit.Link("Keys")).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
    }

    private static async Task EnterAsync(Visit visit, string key)
    {
        await visit.Dialog("API key").GetByLabel("Key").FillAsync(key);
        await visit.Page.Keyboard.PressAsync("Enter");
    }
}
