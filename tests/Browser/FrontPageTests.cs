using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Podflare.Status.Services;

namespace Podflare.Browser;

/// <summary>The front page of a development server.</summary>
public sealed class FrontPageTests(DevelopmentServer server) : IClassFixture<DevelopmentServer>
{
    private const string Curl = "curl";
    private const string Python = "Python";

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 390)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Axe_finds_no_violations_and_nothing_is_wider_than_the_screen(ColorScheme scheme, int width)
    {
        await using var context = await server.Browser.NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 900 } });
        var page = await OpenAsync(context);
        foreach (var tab in await TabsAsync(page))
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = tab, Exact = true }).ClickAsync();
            await PageTests.ShootAsync(page, $"/front-{tab}", $"{scheme}-{width}");
            var found = await page.RunAxe();
            Assert.True(found.Violations.Length == 0, string.Join("; ", found.Violations.Select(v => $"{tab}: {v.Id} {string.Join(' ', v.Nodes.Take(3).Select(n => n.Html))}")));
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, $"{tab} is too wide");
        }
    }

    [Fact]
    public async Task It_asks_only_its_own_server_and_keeps_nothing()
    {
        await using var context = await server.Browser.NewContextAsync();
        var (asked, refused) = (new List<string>(), new List<string>());
        context.Request += (_, request) => asked.Add(request.Url);
        context.Console += (_, message) =>
        {
            if (message.Type == "error") refused.Add(message.Text);
        };

        var page = await OpenAsync(context);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);

        Assert.All(asked, url => Assert.Equal(server.Address.Authority, new Uri(url).Authority));
        Assert.Empty(await context.CookiesAsync());
        Assert.Empty(refused);
        Assert.Equal("/console", await page.GetByRole(AriaRole.Link, new() { Name = "Open console" }).GetAttributeAsync("href"));
        Assert.Equal("/docs", await page.GetByRole(AriaRole.Link, new() { Name = "Read the API" }).GetAttributeAsync("href"));
        // This server has no status page.
        Assert.Equal(["Console", "API", "OpenAPI"], await page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link).AllInnerTextsAsync());
    }

    [Fact]
    public async Task The_arrow_keys_change_the_tab_and_the_button_copies_what_is_shown()
    {
        await using var context = await server.Browser.NewContextAsync(new BrowserNewContextOptions { Permissions = ["clipboard-read", "clipboard-write"] });
        var page = await OpenAsync(context);
        var tabs = await TabsAsync(page);

        await page.GetByRole(AriaRole.Tab, new() { Name = Curl }).FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.GetByRole(AriaRole.Tab, new() { Name = Python })).ToBeFocusedAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy" }).ClickAsync();

        await Assertions.Expect(page.Locator("#copy")).ToHaveTextAsync("Copied");
        Assert.Equal(await CodeAsync(page, Python), await page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await page.GetByRole(AriaRole.Tab, new() { Name = Python }).FocusAsync();
        await page.Keyboard.PressAsync("End");
        await Assertions.Expect(page.GetByRole(AriaRole.Tab, new() { Name = tabs[^1] })).ToHaveAttributeAsync("aria-selected", "true");
    }

    [Fact]
    public async Task What_it_shows_for_curl_and_python_works()
    {
        await using var context = await server.Browser.NewContextAsync();
        var page = await OpenAsync(context);
        var shell = await CodeAsync(page, Curl);
        var python = await CodeAsync(page, Python);

        var lines = await RunAsync("bash", "-c", shell);
        var text = await RunAsync("/usr/bin/python3", "-c", python);

        Assert.Matches("^(\\{\"type\":\"stdout\",\"data\":\"[012]\\\\n\",\"seq\":[123],\"ts\":\\d+\\}\n){3}\\{\"type\":\"exit\",\"data\":0,", lines);
        Assert.Equal("1 0\n2 1\n3 2\n", text);
    }

    [Fact]
    public async Task What_it_shows_for_the_other_clients_uses_what_they_have()
    {
        await using var context = await server.Browser.NewContextAsync();
        var page = await OpenAsync(context);
        var address = server.Address.GetLeftPart(UriPartial.Authority);

        var csharp = await CodeAsync(page, "C#");
        var typescript = await CodeAsync(page, "TypeScript");

        // README.md and clients/typescript/README.md, whose examples are run by tests, use the same members.
        var readmes = await ReadAsync("README.md") + await ReadAsync("clients/typescript/README.md") + await ReadAsync("src/Client/PodflareClientOptions.cs");
        Assert.All(["CreateSandboxAsync()", "RunStreamAsync(\"for i in range(3): print(i)\")", "StdoutEvent stdout", "new PodflareClientOptions { BaseAddress = new Uri("], part =>
        {
            Assert.Contains(part, csharp, StringComparison.Ordinal);
            Assert.Contains(part, readmes, StringComparison.Ordinal);
        });
        Assert.All(["import { Sandbox } from '@podflare/selfhosted'", "runCodeStream('for i in range(3): print(i)')", "event.type === 'stdout'", "await sandbox.close()"], part =>
        {
            Assert.Contains(part, typescript, StringComparison.Ordinal);
            Assert.Contains(part, readmes, StringComparison.Ordinal);
        });
        Assert.All([csharp, typescript], code => Assert.Contains(address, code, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_it_shows_for_MCP_clients_leads_to_the_tools()
    {
        await using var context = await server.Browser.NewContextAsync();
        var page = await OpenAsync(context);
        using var configuration = JsonDocument.Parse(await CodeAsync(page, "MCP"));
        var entry = configuration.RootElement.GetProperty("mcpServers").GetProperty("podflare");
        Assert.Equal("http", entry.GetProperty("type").GetString());

        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, entry.GetProperty("url").GetString())
        {
            Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Contains("\"serverInfo\"", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<IPage> OpenAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(server.Address.AbsoluteUri);
        await page.GetByRole(AriaRole.Tab).First.WaitForAsync();
        return page;
    }

    private static async Task<IReadOnlyList<string>> TabsAsync(IPage page) => await page.GetByRole(AriaRole.Tab).AllInnerTextsAsync();

    private static async Task<string> CodeAsync(IPage page, string tab)
    {
        await page.GetByRole(AriaRole.Tab, new() { Name = tab, Exact = true }).ClickAsync();
        return (await page.Locator("#code").TextContentAsync())!;
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Path.Combine(TestRun.Repository, path), TestContext.Current.CancellationToken);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONPATH"] = Path.Combine(TestRun.Repository, "clients", "python", "src");
        start.Environment["NO_PROXY"] = "127.0.0.1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }
}
