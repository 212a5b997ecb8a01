using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>Input, processes and directories, with the real service.</summary>
public sealed class ProcessCommandTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stdin_is_passed_on_to_the_code()
    {
        var python = await Tool.RunAsync(service.Address, ["run", "-i", "-c", "name = input('name? ')\nprint('hello', name)"], "Ada\n");
        Assert.Equal(new ToolResult(0, "name? hello Ada\n", ""), python);
        var bash = await Tool.RunAsync(service.Address, ["run", "--interactive", "--", "wc", "-c"], "12345");
        Assert.Equal((0, "5"), (bash.Status, bash.Out.Trim()));
        // Without the option, the code finds the end of the file.
        Assert.Equal("''\n", (await Tool.RunAsync(service.Address, ["run", "-c", "import sys; print(repr(sys.stdin.read()))"], "Ada\n")).Out);
    }

    [Fact]
    public async Task A_value_is_shown_for_code_and_not_for_a_script()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("pf-").FullName, "x.py");
        await File.WriteAllTextAsync(file, "1\n6 * 7", Cancellation);
        Assert.Equal("42\n", await OkAsync("run", "-c", "1\n6 * 7"));
        Assert.Equal("", await OkAsync("run", file));
        Assert.Equal("1\n42\n", await OkAsync("run", file, "--display", "all"));
        var json = JsonDocument.Parse((await OkAsync("run", "--json", "-c", "6 * 7")).Split('\n')[0]).RootElement;
        Assert.Equal(("result", "42", true), (json.GetProperty("type").GetString(), json.GetProperty("data").GetProperty("text/plain").GetString(), json.GetProperty("main").GetBoolean()));
    }

    [Fact]
    public async Task Processes_are_listed_and_killed()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var run = await sandbox.StartProcessAsync(ProcessCommand.Of("sleep", "600"), new ProcessOptions { Tag = "sleeper" }, Cancellation);
        await Until.TrueAsync(async () => (await OkAsync("sandbox", "ps", sandbox.Id)).Contains($"{run.Id}\trunning\tprocess\t", StringComparison.Ordinal), "it is listed");
        Assert.Equal($"{run.Id}\n", await OkAsync("sandbox", "ps", "-q", sandbox.Id));
        await OkAsync("sandbox", "kill", sandbox.Id, run.Id, "-s", "kill");
        await Until.TrueAsync(async () => await OkAsync("sandbox", "ps", "-q", sandbox.Id) == "", "it has ended");
        Assert.Contains($"{run.Id}\texit 137\tprocess\t", await OkAsync("sandbox", "ps", "--all", sandbox.Id), StringComparison.Ordinal);
        var late = await Tool.RunAsync(service.Address, ["sandbox", "kill", sandbox.Id, run.Id]);
        Assert.Equal(1, late.Status);
        Assert.Contains("run_ended", late.Err, StringComparison.Ordinal);
        Assert.Contains("--signal must be one of hup, int,", (await Tool.RunAsync(service.Address, ["sandbox", "kill", sandbox.Id, run.Id, "-s", "9"])).Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task A_list_of_processes_shows_process_ids_and_shortens_commands(int columns)
    {
        var words = new string('x', 60);
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var run = await sandbox.StartProcessAsync(ProcessCommand.Of("sh", "-c", "sleep 600 # " + words), cancellationToken: Cancellation);
        var pid = 0;
        await Until.TrueAsync(async () => (pid = (await run.GetInfoAsync(Cancellation)).ProcessId ?? 0) > 0, "it has a process id");
        var shown = await Tool.OnTerminalAsync(service.Address, columns, "sandbox", "ps", sandbox.Id);
        var line = shown.Split('\n').Single(line => line.Contains(run.Id, StringComparison.Ordinal));
        Assert.InRange(line.Length, 1, columns);
        Assert.Contains("  PID", shown, StringComparison.Ordinal);
        if (columns == 50) Assert.EndsWith($"  {pid}", line, StringComparison.Ordinal);
        else Assert.Matches(columns == 80 ? $"  {pid} +sh -c sleep.*…$" : $"  {pid} +sh -c sleep 600 # {words}$", line);
    }

    [Fact]
    public async Task The_end_of_a_process_names_the_signal()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var ended = await sandbox.RunProcessAsync(ProcessCommand.Shell("kill -TERM $$"), cancellationToken: Cancellation);
        foreach (var arguments in new string[][] { ["sandbox", "output", sandbox.Id], ["sandbox", "output", sandbox.Id, "--run", ended.RunId] })
        {
            var shown = await Tool.RunAsync(service.Address, arguments);
            Assert.Contains("exit code 143 (SIGTERM)\n", shown.Err, StringComparison.Ordinal);
        }

        Assert.Equal(3, (await sandbox.RunProcessAsync(ProcessCommand.Shell("exit 3"), cancellationToken: Cancellation)).ExitCode);
        Assert.Contains("exit code 3\n", (await Tool.RunAsync(service.Address, ["sandbox", "output", sandbox.Id])).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_help_text_names_the_argument_and_not_the_sandboxes_that_it_could_be()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        foreach (var command in new[] { "kill", "rm" })
        {
            var help = await OkAsync("sandbox", command, "--help");
            Assert.Contains("  <id> ", help, StringComparison.Ordinal);
            Assert.DoesNotContain(sandbox.Id, help, StringComparison.Ordinal);
            Assert.DoesNotContain("Terminate", help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_log_of_a_run_has_its_bytes_its_terminal_and_its_changes()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var bytes = await sandbox.RunProcessAsync(ProcessCommand.Shell("printf 'caf\\303\\251'"), new ProcessOptions { Output = new OutputOptions { Binary = true } }, Cancellation);
        Assert.Equal("café", await OkAsync("sandbox", "output", sandbox.Id, "--run", bytes.RunId));
        string shown;
        await using (var terminal = await sandbox.OpenTerminalAsync(new TerminalOptions { Command = ProcessCommand.Of("echo", "hello") }, Cancellation))
        {
            using var reader = new StreamReader(terminal, leaveOpen: true);
            shown = await reader.ReadToEndAsync(Cancellation);
            Assert.Equal(shown, await OkAsync("sandbox", "output", sandbox.Id, "--run", terminal.Run.Id));
        }

        Assert.Equal("hello\r\n", shown);
        await using var changes = sandbox.Files.WatchAsync("/tmp", cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation);
        var change = changes.MoveNextAsync().AsTask();
        await Until.TrueAsync(
            async () =>
            {
                await sandbox.Files.WriteTextAsync($"/tmp/{Guid.NewGuid():N}", "", Cancellation);
                return change.IsCompleted;
            },
            "a change is reported");
        var watch = await sandbox.ListRunsAsync(new RunQuery { Kind = RunKind.Watch }, Cancellation).FirstAsync(Cancellation);
        Assert.Contains("create /tmp/", await OkAsync("sandbox", "output", sandbox.Id, "--run", watch.Id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_outlives_its_run_is_in_the_background_log()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        await sandbox.RunAsync("(while [ ! -e /tmp/go ]; do sleep 0.05; done; echo late) &", new RunOptions { Language = RunLanguage.Bash }, Cancellation);
        await sandbox.Files.WriteTextAsync("/tmp/go", "", Cancellation);
        await Until.TrueAsync(async () => await OkAsync("sandbox", "output", "--background", sandbox.Id) == "late\n", "it is shown");
    }

    [Fact]
    public async Task Directories_are_copied_both_ways()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var folder = Directory.CreateTempSubdirectory("pf-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "project", "sub"));
        await File.WriteAllTextAsync(Path.Combine(folder, "project", "sub", "a b.txt"), "hello", Cancellation);
        // Into a directory that exists, and under a new name.
        await OkAsync("sandbox", "cp", "-r", Path.Combine(folder, "project"), $"{sandbox.Id}:/root");
        await OkAsync("sandbox", "cp", "-r", Path.Combine(folder, "project"), $"{sandbox.Id}:/root/other");
        Assert.Equal("hello", await sandbox.Files.ReadTextAsync("/root/project/sub/a b.txt", Cancellation));
        Assert.Equal("hello", await sandbox.Files.ReadTextAsync("/root/other/sub/a b.txt", Cancellation));
        await OkAsync("sandbox", "cp", "--recursive", $"{sandbox.Id}:/root/other", folder);
        await OkAsync("sandbox", "cp", "-r", $"{sandbox.Id}:/root/other", Path.Combine(folder, "new"));
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(folder, "other", "sub", "a b.txt"), Cancellation));
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(folder, "new", "sub", "a b.txt"), Cancellation));
        Assert.Contains("Use --recursive", (await Tool.RunAsync(service.Address, ["sandbox", "cp", folder, $"{sandbox.Id}:/root"])).Err, StringComparison.Ordinal);
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var result = await Tool.RunAsync(service.Address, arguments);
        Assert.True(result.Status == 0, $"{result.Status}: {result.Err}");
        return result.Out;
    }
}
