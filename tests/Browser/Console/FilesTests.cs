using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podflare.Browser.Console;

/// <summary>The files of a sandbox.</summary>
[Collection<ConsoleTests>]
public sealed class FilesTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task Files_are_uploaded_replaced_downloaded_and_deleted()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"{server.SandboxPage}?tab=files");
        var page = visit.Page;
        await UploadAsync(page, "data, 1 & ü.txt", "first");
        await Expect(visit.Text("data, 1 & ü.txt is uploaded")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "data, 1 & ü.txt" }).First).ToBeVisibleAsync();
        await UploadAsync(page, "data, 1 & ü.txt", "second");
        await visit.Dialog("Replace file").GetByRole(AriaRole.Button, new() { Name = "Replace" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);

        var download = await page.RunAndWaitForDownloadAsync(() => visit.Button("Download data, 1 & ü.txt").ClickAsync());
        Assert.Equal("second", await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken));
        await visit.Button("Delete data, 1 & ü.txt").ClickAsync();
        await visit.Dialog("Delete file").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(visit.Button("Download data, 1 & ü.txt")).ToHaveCountAsync(0);
        Assert.Empty(visit.Errors);
    }

    [Fact]
    public async Task Folders_are_buttons_and_stay_in_the_address()
    {
        await server.ExecAsync(server.Sandbox, "import os; os.makedirs('/root/project/src', exist_ok=True); open('/root/project/src/main.py', 'w').write('1')");
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"{server.SandboxPage}?tab=files");
        var page = visit.Page;
        await visit.Button("project/").ClickAsync();
        await visit.Button("src/").ClickAsync();
        await Expect(visit.Text("main.py")).ToBeVisibleAsync();
        Assert.EndsWith("path=%2Froot%2Fproject%2Fsrc", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();
        await Expect(visit.Text("main.py")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Folder" }).GetByRole(AriaRole.Button, new() { Name = "root" }).ClickAsync();
        await visit.Button("Delete project").ClickAsync();
        await visit.Dialog("Delete folder").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(visit.Button("project/")).ToHaveCountAsync(0);

        await visit.GoAsync($"{server.SandboxPage}?tab=files&path=%2Froot%2Fgone");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("There is no such file or folder in this sandbox.");
    }

    [Fact]
    public async Task A_file_that_does_not_fit_is_refused_in_words()
    {
        await using var visit = await Visit.OpenAsync(chromium, server.Address, $"{server.SandboxPage}?tab=files");
        await server.ExecAsync(server.Sandbox, "import os\nwith open('/root/full', 'wb') as f:\n    try:\n        while True: f.write(bytes(1 << 20))\n    except OSError: pass");
        try
        {
            await UploadAsync(visit.Page, "more.bin", new string('x', 200_000));
            await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The sandbox has no room left for this file; what was there before is unchanged.");
            await Expect(visit.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("disk_full");
        }
        finally
        {
            await server.ExecAsync(server.Sandbox, "os.remove('/root/full')");
        }
    }

    private static Task UploadAsync(IPage page, string name, string content) =>
        page.GetByLabel("Upload").SetInputFilesAsync(new FilePayload { Name = name, MimeType = "text/plain", Buffer = System.Text.Encoding.UTF8.GetBytes(content) });
}
