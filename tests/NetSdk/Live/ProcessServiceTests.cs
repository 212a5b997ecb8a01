using System.Text;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

/// <summary>Runs of every kind, against the real service.</summary>
public sealed class ProcessServiceTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Values_are_results_and_questions_are_answered()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var result = await sandbox.RunAsync("print('a')\n6 * 7", cancellationToken: Cancellation);
        Assert.Equal(("a\n", "a\n42", "42"), (result.Output, result.Text, result.Main?.Text));
        Assert.Empty((await sandbox.RunAsync("6 * 7", new RunOptions { Display = ResultDisplay.None }, Cancellation)).Results);
        var asked = await sandbox.RunAsync(
            "name = input('name? ')\nprint('hello', name)", new RunOptions { Stdin = RunInput.Answers((request, _) => ValueTask.FromResult<string?>($"{request.Prompt}Ada")) }, Cancellation);
        Assert.Equal("hello name? Ada\n", asked.Stdout);
        Assert.Equal("3\n", (await sandbox.RunAsync("import sys; print(len(sys.stdin.read()))", new RunOptions { Stdin = RunInput.Text("abc") }, Cancellation)).Stdout);
    }

    [Fact]
    public async Task A_process_gets_its_input_its_signal_and_its_place_in_the_list()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var bytes = new byte[3_000_000];
        Random.Shared.NextBytes(bytes);
        var counted = await sandbox.RunProcessAsync(ProcessCommand.Of("wc", "-c"), new ProcessOptions { Stdin = RunInput.Bytes(bytes) }, Cancellation);
        Assert.Equal("3000000", counted.Stdout.Trim());
        using var run = await sandbox.StartProcessAsync(ProcessCommand.Of("sleep", "600"), new ProcessOptions { Tag = "sleeper" }, Cancellation);
        await Until.TrueAsync(async () => await FindAsync(sandbox) is { ProcessId: not null, Arguments: ["sleep", "600"] }, "the process is listed");
        await run.SignalAsync(RunSignal.Terminate, cancellationToken: Cancellation);
        var last = await run.ReadEventsAsync(cancellationToken: Cancellation).LastAsync(Cancellation);
        Assert.Equal((143, "SIGTERM"), Assert.IsType<ExitEvent>(last) is var exit ? (exit.Code, exit.Signal) : default);
        await Assert.ThrowsAsync<RunEndedException>(() => run.WriteStdinTextAsync("x", cancellationToken: Cancellation));
        Assert.Equal(127, (await sandbox.RunProcessAsync(ProcessCommand.Of("/no/such"), cancellationToken: Cancellation)).ExitCode);

        async Task<RunInfo?> FindAsync(Sandbox from)
        {
            await foreach (var info in from.ListRunsAsync(new RunQuery { Tag = "sleeper" }, Cancellation)) return info;
            return null;
        }
    }

    [Fact]
    public async Task A_canceled_process_is_interrupted_before_the_call_returns()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var cancel = new CancellationTokenSource();
        SandboxRun? run = null;
        var running = sandbox.RunProcessAsync(ProcessCommand.Of("sleep", "600"), new ProcessOptions { OnStarted = started => run = started }, cancel.Token);
        await Until.TrueAsync(() => run is not null, "it has started");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Until.TrueAsync(async () => (await sandbox.GetRun(run!.Id).GetInfoAsync(Cancellation)).Reason == ExitReason.Interrupted, "it has ended");
    }

    [Fact]
    public async Task A_terminal_has_its_size_and_can_be_left_and_found_again()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        string id;
        long seq;
        await using (var terminal = await sandbox.OpenTerminalAsync(new TerminalOptions { Columns = 101, Rows = 31 }, Cancellation))
        {
            await terminal.WriteAsync("stty size; x=kept\n"u8.ToArray(), Cancellation);
            await ReadUntilAsync(terminal, "31 101");
            await terminal.ResizeAsync(90, 20, Cancellation);
            await terminal.WriteAsync("stty size\n"u8.ToArray(), Cancellation);
            await ReadUntilAsync(terminal, "20 90");
            terminal.KillOnDispose = false;
            (id, seq) = (terminal.Run.Id, terminal.LastSeq);
        }

        await using var again = sandbox.AttachTerminal(id, seq);
        await again.WriteAsync("echo \"<$x>\"; exit 3\n"u8.ToArray(), Cancellation);
        await ReadUntilAsync(again, "<kept>");
        while (await again.ReadAsync(new byte[4_096], Cancellation) > 0)
        {
        }

        Assert.Equal(3, again.Exit!.Code);
    }

    [Fact]
    public async Task Contexts_run_at_the_same_time_and_are_interrupted_without_a_run()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var other = await sandbox.Contexts.CreateAsync(cancellationToken: Cancellation);
        var endless = sandbox.RunAsync("import time\nwhile True: time.sleep(0.01)", cancellationToken: Cancellation);
        Assert.Equal("1\n", (await other.RunAsync("print(1)", cancellationToken: Cancellation)).Stdout);
        await Until.TrueAsync(async () => (await sandbox.InterruptAsync(cancellationToken: Cancellation)).Count == 1, "it is interrupted");
        Assert.Equal(ExitReason.Interrupted, (await endless).Reason);
        Assert.Equal([other.Id, "python"], (await sandbox.Contexts.ListAsync(Cancellation)).Select(context => context.Id).Order(StringComparer.Ordinal));
        await other.DeleteAsync(Cancellation);
        await Assert.ThrowsAsync<ContextNotFoundException>(() => other.GetInfoAsync(Cancellation));
        await Assert.ThrowsAsync<ContextRequiredException>(() => sandbox.Contexts.Get("python").DeleteAsync(Cancellation));
    }

    [Fact]
    public async Task Files_are_described_moved_copied_watched_and_packed()
    {
        await using var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        var files = sandbox.Files;
        await files.CreateDirectoryAsync("d/e", cancellationToken: Cancellation);
        using var watching = new CancellationTokenSource();
        var changes = Task.Run(
            async () =>
            {
                await foreach (var change in files.WatchAsync("/root/d", recursive: true, watching.Token))
                {
                    if (change.Path == "/root/d/e/a.txt" && change.Change is FileChange.Create) return;
                }
            },
            Cancellation);
        await Until.TrueAsync(
            async () =>
            {
                if (await files.ExistsAsync("d/e/a.txt", Cancellation)) await files.DeleteAsync("d/e/a.txt", Cancellation);
                await files.WriteTextAsync("d/e/a.txt", "hello", Cancellation);
                return changes.IsCompleted;
            },
            "the change is reported");
        await changes;
        var info = await files.StatAsync("d/e/a.txt", cancellationToken: Cancellation);
        Assert.Equal(("/root/d/e/a.txt", 5, SandboxFileType.File), (info.Path, info.Size, info.Type));
        await files.CopyAsync("d", "copy", cancellationToken: Cancellation);
        await files.MoveAsync("copy/e/a.txt", "copy/b.txt", cancellationToken: Cancellation);
        await Assert.ThrowsAsync<FileExistsException>(() => files.MoveAsync("copy/b.txt", "d/e/a.txt", overwrite: false, Cancellation));
        await Assert.ThrowsAsync<DirectoryNotEmptyException>(() => files.DeleteDirectoryAsync("d", recursive: false, Cancellation));
        var folder = Directory.CreateTempSubdirectory("pf-").FullName;
        Assert.Equal(5, (await files.DownloadDirectoryAsync("d", folder, Cancellation)).Bytes);
        Assert.Equal("hello", await File.ReadAllTextAsync(Path.Combine(folder, "e", "a.txt"), Cancellation));
        await files.UploadDirectoryAsync(folder, "up", Cancellation);
        Assert.Equal("hello", await files.ReadTextAsync("up/e/a.txt", Cancellation));
        await files.DeleteDirectoryAsync("d", recursive: true, Cancellation);
        Assert.False(await files.ExistsAsync("d", Cancellation));
    }

    private static async Task ReadUntilAsync(SandboxTerminal terminal, string text)
    {
        var shown = new StringBuilder();
        var piece = new byte[4_096];
        while (!shown.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await terminal.ReadAsync(piece, Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            Assert.True(count > 0, $"The terminal ended before it showed {text}: {shown}");
            shown.Append(Encoding.UTF8.GetString(piece, 0, count));
        }
    }
}
