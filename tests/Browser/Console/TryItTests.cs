using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>Code that is run in a cell, and what it shows.</summary>
[Collection<ConsoleTests>]
public sealed class TryItTests(Chromium chromium, ConsoleServer server)
{
    private const string HostileHtml = """<b>bold</b><script>window.executed=1; parent.executed=1; top.executed=1</script><img src=x onerror="window.executed=1"><meta http-equiv="refresh" content="0;url=https://evil.example/"><a href="https://evil.example/">away</a><link rel=stylesheet href="https://evil.example/x.css"><img src="https://evil.example/x.png"><form action="https://evil.example/"><button>go</button></form>""";
    private const string HostileSvg = """<svg xmlns="http://www.w3.org/2000/svg" onload="window.executed=1" width="40" height="20"><script>window.executed=1;parent.executed=1</script><image href="https://evil.example/x.png" width="9" height="9"/><rect width="40" height="20" fill="teal"/></svg>""";

    [Fact]
    public async Task Output_errors_and_results_come_into_the_cell_and_the_state_stays()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync("x = 20\nimport sys\nprint('out')\nprint('err', file=sys.stderr)\nx + 1");
        var first = visit.Cell(1);
        await Expect(first.GetByText("Exit 0", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(first.GetByRole(AriaRole.Region, new() { Name = "Output of cell 1" })).ToHaveTextAsync("out\nerr\n");
        await Expect(first.Locator(".stderr")).ToHaveTextAsync("err\n");
        await Expect(first.GetByRole(AriaRole.Region, new() { Name = "Result of cell 1" })).ToHaveTextAsync("21");

        await visit.RunAsync("x / 0");
        await Expect(visit.Cell(2).GetByText("Exit 1", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Cell(2).GetByText("ZeroDivisionError").First).ToBeVisibleAsync();
        await visit.RunAsync("printf '\\033[31mred\\033[0m'; exit 3", "bash");
        await Expect(visit.Cell(3).GetByText("Exit 3", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Cell(3).Locator(".ansi-1")).ToHaveTextAsync("red");

        await visit.Cell(3).GetByRole(AriaRole.Link, new() { Name = "Open run" }).ClickAsync();
        await Expect(visit.Text("The code ended with exit code 3.")).ToBeVisibleAsync();
        // The cells of this tab are still there.
        await visit.Page.GoBackAsync();
        await Expect(visit.Cell(3)).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Input_is_answered_from_the_page()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync("import getpass\nname = input('Who? ')\nsecret = getpass.getpass('Secret? ')\nprint('hello', name, len(secret))");
        var cell = visit.Cell(1);
        await cell.GetByLabel("Who?").FillAsync("Ada");
        await visit.Page.Keyboard.PressAsync("Enter");
        var secret = cell.GetByLabel("Secret?");
        await Expect(secret).ToHaveAttributeAsync("type", "password");
        await secret.FillAsync("hunter22");
        await cell.GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await Expect(cell.GetByText("hello Ada 8")).ToBeVisibleAsync();
        Assert.DoesNotContain("hunter22", await cell.InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_interrupted_and_keeps_its_state()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync("import time\nkept = 5\nprint('begun')\ntime.sleep(120)");
        await Expect(visit.Cell(1).GetByText("begun", new() { Exact = true })).ToBeVisibleAsync();
        await visit.Cell(1).GetByRole(AriaRole.Button, new() { Name = "Interrupt" }).ClickAsync();
        await Expect(visit.Cell(1).GetByText("Interrupted (130)")).ToBeVisibleAsync();
        await visit.RunAsync("kept");
        await Expect(visit.Cell(2).GetByRole(AriaRole.Region, new() { Name = "Result of cell 2" })).ToHaveTextAsync("5");
    }

    [Fact]
    public async Task A_cell_shows_240_kB_and_leads_to_the_run_for_more()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync("for i in range(6): print('y' * 100_000)");
        await Expect(visit.Cell(1).GetByText("Exit 0", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Cell(1).GetByText("A cell shows 234 KiB of output.")).ToBeVisibleAsync();
        Assert.InRange(await visit.Page.EvaluateAsync<int>("document.querySelector('.cell .out').textContent.length"), 100_000, 240_000);
        await visit.Cell(1).GetByRole(AriaRole.Link, new() { Name = "The run has all of it" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Log)).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Nothing_that_code_writes_or_displays_is_executed()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.SandboxPage);
        await visit.RunAsync($$"""
            from IPython.display import HTML, SVG, display
            print("<script>window.executed=1</script><svg onload='window.executed=1'><img src=x onerror='window.executed=1'>")
            print("\u202eright to left\u202c \x1b]8;;https://evil.example/\x07link\x1b]8;;\x07 \x00\x07")
            class Image:
                def __init__(self, type, data): self.bundle = {type: data, "text/plain": "an image"}
                def _repr_mimebundle_(self, **_): return self.bundle
            display(HTML({{Quote(HostileHtml)}}))
            display(Image("image/svg+xml", {{Quote(HostileSvg)}}))
            display(Image("image/png", b"no image at all"))
            display(Image("image/png", "AAAA"))
            display(Image("text/html", "x" * (1 << 20) * 2))
            """);
        var cell = visit.Cell(1);
        await Expect(cell.GetByText("Exit 0", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(cell.GetByText("<script>window.executed=1</script>").First).ToBeVisibleAsync();
        await Expect(cell.GetByText("that cannot be shown").First).ToBeVisibleAsync();
        var frame = cell.Locator("iframe");
        await Expect(frame).ToHaveCountAsync(1);
        Assert.Equal("", await frame.GetAttributeAsync("sandbox"));
        await Expect(frame.ContentFrame.GetByText("bold")).ToBeVisibleAsync();
        await Expect(cell.Locator("img[alt='an image']").First).ToBeVisibleAsync();
        // A click in the frame leads nowhere.
        await frame.ContentFrame.GetByText("away").ClickAsync();
        await Expect(cell.GetByText("Exit 0", new() { Exact = true })).ToBeVisibleAsync();
        await visit.AssertNothingExecutedAsync();
        Assert.Equal(0, await visit.Page.Locator(".cell script, .cell svg [onload], .cell a[href*=evil]").CountAsync());

        await cell.GetByRole(AriaRole.Link, new() { Name = "Open run" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Log).GetByText("<script>window.executed=1</script>").First).ToBeVisibleAsync();
        await visit.AssertNothingExecutedAsync();
        Assert.Empty(visit.Errors);
    }

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
