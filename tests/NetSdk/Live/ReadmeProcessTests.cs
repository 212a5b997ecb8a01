using System.Text.Json;
using Podflare.NetSdk.Services;

// The snippets are as a user writes them, without the token of a test.
#pragma warning disable xUnit1051

namespace Podflare.NetSdk.Live;

/// <summary>The README's snippets about processes, terminals, contexts and files. <see cref="ReadmeTests"/> compares them with the README.</summary>
public sealed class ReadmeProcessTests(Service service)
{
    [Fact]
    public async Task Processes_and_terminals()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync();
        var status = await sandbox.RunProcessAsync(ProcessCommand.Of("git", "--version"));
        using var server = await sandbox.StartProcessAsync(ProcessCommand.Shell("python3 -m http.server 8000"), new ProcessOptions { Tag = "web" });
        await server.SignalAsync(RunSignal.Terminate);
        // The default image has no git.
        Assert.True(status.ExitCode is 0 or 127);
        await Until.TrueAsync(async () => (await server.GetInfoAsync()).State == RunState.Ended, "the server has ended");

        await using var terminal = await sandbox.OpenTerminalAsync(new TerminalOptions { Columns = 120, Rows = 40 });
        await terminal.WriteAsync("echo $((6 * 7)); exit\n"u8.ToArray());
        using var reader = new StreamReader(terminal);
        Console.Write(await reader.ReadToEndAsync());
        // The shell writes control sequences in front of it.
        Assert.Contains("42\r\n", Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync();
        var search = new SandboxTool("search", (call, _) => Task.FromResult(JsonSerializer.SerializeToElement(new[] { $"{call.Arguments.GetProperty("q")} 1" })))
        {
            Description = "Searches the index.",
            InputSchema = JsonDocument.Parse("""{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}""").RootElement,
        };
        var found = await sandbox.RunCodeAsync("len(tools.search('tea'))", [search]);
        Console.WriteLine(found.Main?.Text);  // 1
        Assert.EndsWith("1\n", Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Contexts()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync();
        var analysis = await sandbox.Contexts.CreateAsync(new ContextOptions { Id = "analysis" });
        await analysis.RunAsync("x = 21");
        Console.WriteLine((await analysis.RunAsync("x * 2")).Main?.Text);  // 42
        await analysis.RestartAsync();  // x is gone
        Assert.EndsWith("42\n", Console.Text, StringComparison.Ordinal);
        Assert.Equal("NameError", (await analysis.RunAsync("x")).Error?.Name);
    }

    [Fact]
    public async Task Files_and_directories()
    {
        var before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Directory.CreateTempSubdirectory("pf-").FullName);
        try
        {
            Directory.CreateDirectory("project");
            await File.WriteAllTextAsync("project/main.py", "open('/root/results/out', 'w').write('done')");
            await using var sandbox = await service.Client.CreateSandboxAsync();
            await sandbox.RunAsync("import os; os.makedirs('/root/results'); open('/root/results/log', 'w').close()");
            await sandbox.Files.WriteTextAsync("data/input.csv", "a,b\n1,2\n");
            await sandbox.Files.MoveAsync("data/input.csv", "data/old.csv");
            await foreach (var entry in sandbox.Files.ListTreeAsync("/root", depth: 2)) Console.WriteLine($"{entry.Type} {entry.Path}");
            await sandbox.Files.UploadDirectoryAsync("project", "/root/project");
            await sandbox.Files.DownloadDirectoryAsync("/root/results", "results");
            Assert.Contains("File /root/data/old.csv\n", Console.Text, StringComparison.Ordinal);
            Assert.Equal(0, (await sandbox.RunProcessAsync(ProcessCommand.Of("python3", "/root/project/main.py"))).ExitCode);
            Assert.True(File.Exists("results/log"));
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    /// <summary>Where the snippets write to.</summary>
    private static class Console
    {
        private static readonly StringWriter To = new() { NewLine = "\n" };

        public static string Text
        {
            get
            {
                lock (To) return To.ToString();
            }
        }

        public static void Write(string text)
        {
            lock (To) To.Write(text);
        }

        public static void WriteLine(string? text)
        {
            lock (To) To.WriteLine(text);
        }
    }
}
