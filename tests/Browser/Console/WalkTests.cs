using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>The first visit of a new user, on a cluster whose frontend dies meanwhile.</summary>
public sealed class WalkTests(Chromium chromium, ConsoleCluster cluster) : IClassFixture<ConsoleCluster>
{
    private const string Sine = "import numpy as np, matplotlib.pyplot as plt\nx = np.linspace(0, 2 * np.pi, 200)\nplt.plot(x, np.sin(x))\nplt.savefig('/root/sine.png')\nplt.show()";
    private const int Steps = 150;

    private static readonly string Training = $"""
        import time
        from podflare_trace import span
        with span("load data"):
            time.sleep(0.1)
        with span("train"):
            for step in range({Steps}):
                print("step", step)
                time.sleep(0.04)
        """;

    [Fact]
    public async Task From_the_front_page_to_a_plot_a_run_that_survives_its_frontend_its_trace_a_file_and_the_end()
    {
        await using var visit = await Visit.OpenAsync(chromium, cluster.Address, "/");
        var page = visit.Page;
        await visit.Link("Open console").First.ClickAsync();
        await visit.Link("Sandboxes").First.ClickAsync();

        await visit.Button("New sandbox").First.ClickAsync();
        var dialog = visit.Dialog("New sandbox");
        await dialog.GetByLabel("Template").SelectOptionAsync("python-datasci");
        await dialog.GetByLabel("Name").FillAsync("first steps");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await Expect(visit.Heading("first steps")).ToBeVisibleAsync();
        await visit.Tab("Facts").ClickAsync();
        await Expect(visit.Text("python-datasci")).ToBeVisibleAsync();
        await visit.Tab("Try it").ClickAsync();

        await visit.RunAsync(Sine);
        await Expect(visit.Cell(1).GetByText("Exit 0")).ToBeVisibleAsync();
        var plot = visit.Cell(1).GetByRole(AriaRole.Img, new() { Name = "Figure size" });
        await Expect(plot).ToBeVisibleAsync();
        Assert.True(await plot.EvaluateAsync<int>("image => image.naturalWidth") > 300);
        await visit.ShootAsync("console-try");

        await visit.RunAsync(Training);
        await Expect(visit.Cell(2).GetByText("step 9", new() { Exact = false }).First).ToBeVisibleAsync();
        await visit.Cell(2).GetByRole(AriaRole.Link, new() { Name = "Open run" }).ClickAsync();
        var log = page.GetByRole(AriaRole.Log);
        await Expect(log.GetByText("step 20", new() { Exact = true })).ToBeVisibleAsync();
        await cluster.KillFrontendAsync();
        await Expect(visit.Text("Reconnecting after event")).ToBeVisibleAsync();
        await Expect(log.GetByText($"step {Steps - 1}", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(visit.Text("Complete")).ToBeVisibleAsync();
        await visit.ShootAsync("console-run");
        await visit.Button("Copy all").ClickAsync();
        await Expect(visit.Text("The output is copied")).ToBeVisibleAsync();
        Assert.Equal(string.Concat(Enumerable.Range(0, Steps).Select(step => $"step {step}\n")), await visit.ClipboardAsync());

        var spans = page.GetByRole(AriaRole.Tree, new() { Name = "Spans" });
        await Expect(spans.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^train.* from the code, took +\\d+(\\.\\d+)? s$") })).ToBeVisibleAsync();
        await Expect(spans.GetByRole(AriaRole.Treeitem, new() { NameRegex = new("^load data.* took +\\d+ ms$") })).ToBeVisibleAsync();

        await page.GoBackAsync();
        await visit.Tab("Files").ClickAsync();
        var download = await page.RunAndWaitForDownloadAsync(() => visit.Button("Download sine.png").ClickAsync());
        var png = await File.ReadAllBytesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.True(png.AsSpan().StartsWith<byte>([0x89, (byte)'P', (byte)'N', (byte)'G']));

        await page.Locator("main .head").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await visit.Dialog("Delete sandbox").GetByRole(AriaRole.Button, new() { Name = "Delete sandbox" }).ClickAsync();
        await Expect(visit.Text("This sandbox was deleted")).ToBeVisibleAsync();
        Assert.Empty(visit.Errors);
        Assert.Empty(await visit.Context.CookiesAsync());
    }
}
