using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Podflare.Browser.Console;

/// <summary>A browser's visit to the console, which remembers what went wrong and what it asked for.</summary>
internal sealed class Visit : IAsyncDisposable
{
    /// <summary>Output that would be executed sets this property of the window.</summary>
    public const string Marker = "executed";

    // A machine that is busy with other suites takes seconds to start a container or an interpreter.
    private const float PatientMilliseconds = 30_000;

    private readonly Uri _server;

    static Visit() => Assertions.SetDefaultExpectTimeout(PatientMilliseconds);

    private Visit(IBrowserContext context, IPage page, Uri server)
    {
        (Context, Page, _server) = (context, page, server);
        page.SetDefaultTimeout(PatientMilliseconds);
        page.PageError += (_, error) => Errors.Add(error);
        page.Request += (_, request) => Requests.Add(request.Url);
    }

    public IBrowserContext Context { get; }

    public IPage Page { get; }

    /// <summary>Errors that no code has caught.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>The address of every request.</summary>
    public List<string> Requests { get; } = [];

    public static async Task<Visit> OpenAsync(Chromium chromium, Uri server, string path, BrowserNewContextOptions? options = null)
    {
        var context = await chromium.Browser.NewContextAsync(options ?? new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        await context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var visit = new Visit(context, await context.NewPageAsync(), server);
        await visit.GoAsync(path);
        return visit;
    }

    public Task GoAsync(string path) => Page.GotoAsync(new Uri(_server, path).AbsoluteUri, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });

    public ILocator Button(string name, bool exact = true) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = exact });

    public ILocator Heading(string name) => Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });

    public ILocator Link(string name) => Page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });

    public ILocator Tab(string name) => Page.GetByRole(AriaRole.Tab, new() { Name = name, Exact = true });

    public ILocator Text(string text) => Page.GetByText(text).First;

    public ILocator Cell(int number) => Page.GetByRole(AriaRole.Article, new() { Name = $"Cell {number}", Exact = true });

    public ILocator Dialog(string name) => Page.GetByRole(AriaRole.Dialog, new() { Name = name, Exact = true });

    /// <summary>Types code into Try it, and runs it by keyboard.</summary>
    public async Task RunAsync(string code, string language = "python")
    {
        await Page.GetByLabel("Language").SelectOptionAsync(language);
        await Page.GetByRole(AriaRole.Textbox, new() { Name = "Code", Exact = true }).FillAsync(code);
        await Page.Keyboard.PressAsync("Control+Enter");
    }

    public Task<string> ClipboardAsync() => Page.EvaluateAsync<string>("navigator.clipboard.readText()");

    /// <summary>Takes a picture of what is on the screen, from the top of the page, if PODFLARE_SHOTS names a folder.</summary>
    public async Task ShootAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("PODFLARE_SHOTS") is not { Length: > 0 } folder) return;
        await Page.EvaluateAsync("scrollTo(0, 0)");
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png") });
    }

    /// <summary>Checks that axe finds nothing, and that the page is not wider than the screen.</summary>
    public async Task AssertAccessibleAsync(string what)
    {
        var found = await Page.RunAxe();
        Assert.True(found.Violations.Length == 0, $"{what}: {string.Join("; ", found.Violations.Select(v => $"{v.Id} {v.Help} {string.Join(' ', v.Nodes.Take(3).Select(n => n.Html))} {v.Nodes[0].Any.FirstOrDefault()?.Message}"))}");
        var (wide, width) = (await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Page.ViewportSize!.Width);
        Assert.True(wide <= width, $"{what} is {wide} wide on a screen of {width}");
    }

    /// <summary>Checks that nothing of a run's output has become a part of the page, or has been fetched.</summary>
    public async Task AssertNothingExecutedAsync()
    {
        foreach (var frame in Page.Frames) Assert.Equal("undefined", await frame.EvaluateAsync<string>($"typeof window.{Marker}"));
        Assert.DoesNotContain(Requests, address => !Regex.IsMatch(address, $"^({Regex.Escape(_server.AbsoluteUri)}|blob:|data:|about:)"));
    }

    public async ValueTask DisposeAsync() => await Context.DisposeAsync();
}
