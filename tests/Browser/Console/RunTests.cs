using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>The page of a run: its trace and its output.</summary>
[Collection<ConsoleTests>]
public sealed class RunTests(Chromium chromium, ConsoleServer server)
{
    private const int MostElements = 1_500;

    [Fact]
    public async Task The_trace_shows_which_part_took_the_time_and_the_keyboard_walks_through_it()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.RunPage);
        var page = visit.Page;
        var tree = page.GetByRole(AriaRole.Tree, new() { Name = "Spans" });
        var slow = tree.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^scan partitions.* from the code, took +\\d+ ms$") });
        await Expect(slow).ToBeVisibleAsync();
        await Expect(tree.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^execute_tool run_code") })).ToHaveAttributeAsync("aria-level", "1");

        await slow.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(slow).ToHaveAttributeAsync("aria-selected", "true");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Details of the span" })).ToContainTextAsync("scan partitions");
        var parent = tree.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^answer question") });
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(parent).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(parent).ToHaveAttributeAsync("aria-expanded", "false");
        await Expect(slow).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(tree.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^load csv") })).ToBeFocusedAsync();
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Output_is_searched_copied_downloaded_and_replayed_from_any_event()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, server.RunPage);
        var page = visit.Page;
        var log = page.GetByRole(AriaRole.Log, new() { Name = "Output" });
        await Expect(log.Locator(".stderr")).ToHaveTextAsync("warning: partition 3 is missing");
        await Expect(visit.Text("Complete")).ToBeVisibleAsync();
        await Expect(visit.Text("The run ended by itself.")).ToBeVisibleAsync();
        await page.GetByLabel("Find in the output").FillAsync("loss");
        await Expect(visit.Text("1 of 2")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(visit.Text("2 of 2")).ToBeVisibleAsync();

        await visit.Button("Copy all").ClickAsync();
        await Expect(visit.Text("The output is copied")).ToBeVisibleAsync();
        const string output = "step 1: loss 0.5\nstep 2: loss 0.25\nwarning: partition 3 is missing\n";
        Assert.Equal(output, await visit.ClipboardAsync());
        var download = await page.RunAndWaitForDownloadAsync(() => visit.Button("Download").ClickAsync());
        Assert.Equal(output, await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken));

        await page.GetByLabel("Replay after event").FillAsync("1");
        await visit.Button("Replay").ClickAsync();
        await Expect(log.Locator(".line:not([hidden])")).ToHaveCountAsync(3);
        await Expect(log.GetByText("step 1: loss 0.5")).ToHaveCountAsync(0);
        await visit.Button("Copy as curl").ClickAsync();
        await Expect(visit.Text("The command is copied")).ToBeVisibleAsync();
        Assert.Equal($"curl -N \"{server.Address}v1/sandboxes/{server.Sandbox}/runs/{server.Run}/events?after=0&follow=true\"", await visit.ClipboardAsync());
    }

    [Fact]
    public async Task Events_that_are_gone_are_told_with_the_oldest_that_is_kept()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        await visit.Page.RouteAsync(new Regex("/events\\?after=0&follow"), route => route.FulfillAsync(new RouteFulfillOptions { Status = 410, ContentType = "application/problem+json", Body = """{"error":"events are gone","code":"events_evicted","oldest_seq":2}""" }));
        await visit.GoAsync(server.RunPage);
        await Expect(visit.Text("These events are no longer kept. The oldest that is kept is 2.")).ToBeVisibleAsync();
        await visit.Button("Show what is kept").ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Log).GetByText("step 2: loss 0.25")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("import time; time.sleep(60)", "The run was interrupted. The variables are kept.", true)]
    [InlineData("import os; os._exit(3)", "The Python process ended in the middle of the run. The variables are lost", false)]
    [InlineData("raise ValueError('no')", "The code ended with an error.", false)]
    public async Task The_reason_of_the_end_is_one_sentence(string code, string sentence, bool interrupts)
    {
        var run = await server.StartRunAsync(server.Sandbox, code);
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"{server.SandboxPage}/runs/{run}");
        if (interrupts) await visit.Button("Interrupt").ClickAsync();
        await Expect(visit.Text(sentence)).ToBeVisibleAsync();
        await Expect(visit.Button("Interrupt")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Ten_thousand_lines_and_lines_of_a_megabyte_make_few_elements_and_the_reader_can_scroll_away()
    {
        var run = await server.StartRunAsync(server.Sandbox, "for i in range(10_000): print('line', i)\nprint('z' * 1_000_000)\nprint('\\u202eright to left')\nprint('last')");
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"{server.SandboxPage}/runs/{run}");
        var page = visit.Page;
        var log = page.GetByRole(AriaRole.Log);
        await Expect(visit.Text("Complete")).ToBeVisibleAsync();
        await Expect(log.GetByText("last", new() { Exact = true })).ToBeVisibleAsync();
        Assert.InRange(await page.EvaluateAsync<int>("document.querySelectorAll('*').length"), 1, MostElements);

        await log.EvaluateAsync("log => log.scrollTop = 5000 * 20");
        await Expect(log.GetByText("line 5005", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Button("Follow")).ToBeVisibleAsync();
        Assert.InRange(await page.EvaluateAsync<int>("document.querySelectorAll('*').length"), 1, MostElements);
        await page.GetByLabel("Find in the output").FillAsync("line 9876");
        await Expect(log.GetByText("line 9876", new() { Exact = true })).ToBeVisibleAsync();
        await visit.Button("Follow").ClickAsync();
        await Expect(log.GetByText("last", new() { Exact = true })).ToBeVisibleAsync();
        Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 1280);
    }

    [Fact]
    public async Task A_trace_of_ten_thousand_spans_makes_few_elements()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, "/console/sandboxes");
        var spans = string.Join(',', Enumerable.Range(1, 10_000).Select(i => $$"""{"spanId":"{{i:x16}}","parentSpanId":"{{(i > 1 ? i / 2 : 0):x16}}","name":"span {{i}}","startTimeUnixNano":"{{1_800_000_000_000_000_000 + (i * 1000)}}","endTimeUnixNano":"{{1_800_000_000_000_500_000 + (i * 1000)}}"}"""));
        await visit.Page.RouteAsync("**/trace", route => route.FulfillAsync(new RouteFulfillOptions
        {
            ContentType = "application/json",
            Headers = new Dictionary<string, string> { ["Podflare-Trace-Dropped"] = "12" },
            Body = $$"""{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{"name":"app"},"spans":[{{spans}}]}]}]}""",
        }));
        await visit.GoAsync(server.RunPage);
        await Expect(visit.Text("10000 spans")).ToBeVisibleAsync();
        await Expect(visit.Text("12 spans were not kept.")).ToBeVisibleAsync();
        await visit.Page.GetByRole(AriaRole.Treeitem).First.FocusAsync();
        await visit.Page.Keyboard.PressAsync("End");
        await Expect(visit.Page.Locator(":focus")).ToHaveAttributeAsync("aria-posinset", "10000");
        Assert.InRange(await visit.Page.EvaluateAsync<int>("document.querySelectorAll('*').length"), 1, MostElements);
    }
}
