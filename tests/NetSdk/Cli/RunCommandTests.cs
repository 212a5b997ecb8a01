using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

public sealed class RunCommandTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_command_has_the_output_and_exit_code_of_the_code()
    {
        var ran = await RunAsync("run", "-c", "import sys; print('é😀'); print('w', file=sys.stderr); sys.exit(7)");
        Assert.Equal(new ToolResult(7, "é😀\n", "w\n"), ran);
    }

    [Theory]
    [InlineData("code.py", "print(6 * 7)", "42\n")]
    [InlineData("code.sh", "echo $((6 * 7))", "42\n")]
    [InlineData("code", "#!/bin/bash\necho $((6 * 7))", "42\n")]
    [InlineData("code.tool", "#!/usr/bin/env python3\nprint(6 * 7)", "42\n")]
    public async Task The_language_of_a_file_follows_from_its_name_or_first_line(string name, string code, string expected)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("pf-").FullName, name);
        await File.WriteAllTextAsync(file, code, Cancellation);
        Assert.Equal(new ToolResult(0, expected, ""), await RunAsync("run", file));
    }

    [Fact]
    public async Task Code_from_stdin_with_language_and_environment()
    {
        var ran = await Tool.RunAsync(service.Address, ["run", "-", "--language", "bash", "-e", "A=b=c"], "echo $A; exit 3");
        Assert.Equal(new ToolResult(3, "b=c\n", ""), ran);
    }

    [Fact]
    public async Task Code_that_begins_with_an_at_sign_is_not_the_name_of_a_response_file() =>
        Assert.Equal(new ToolResult(0, "decorated\n", ""), await RunAsync("run", "-c", "@lambda f: print('decorated')\ndef f(): pass"));

    [Fact]
    public async Task Why_a_run_was_ended_is_shown()
    {
        var ran = await RunAsync("run", "--timeout", "0.5", "-c", "print('kept')\nwhile True: pass");
        Assert.Equal((124, "kept\n"), (ran.Status, ran.Out));
        Assert.Contains("timed out (exit code 124)", ran.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_gives_each_event_as_the_api_does()
    {
        var ran = await RunAsync("run", "--json", "-c", "print(1); 1/0");
        var lines = ran.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(1, ran.Status);
        Assert.Equal(["type", "data", "seq", "ts", "run"], lines[0].EnumerateObject().Select(field => field.Name));
        Assert.Equal(("exit", 1, "ZeroDivisionError"), (lines[^1].GetProperty("type").GetString(), lines[^1].GetProperty("data").GetInt32(), lines[^1].GetProperty("error").GetProperty("name").GetString()));
        Assert.Equal(Enumerable.Range(1, lines.Length), lines.Select(line => line.GetProperty("seq").GetInt32()));
    }

    [Fact]
    public async Task Output_comes_while_the_code_runs()
    {
        using var tool = Tool.Start(service.Address, ["run", "--keep", "-c", "import time\nprint('ready', flush=True)\ntime.sleep(2)\nprint('gone')"]);
        // Both lines at once, where the output waited for the end, would never be this.
        await Until.TrueAsync(() => tool.Out == "ready\n", "the first line comes before the end");
        var ran = await tool.EndAsync();
        Assert.Equal((0, "ready\ngone\n"), (ran.Status, ran.Out));
        var id = ran.Err.Trim().Split(' ')[^1];
        Assert.Equal(SandboxState.Ready, (await service.Client.Attach(id).GetInfoAsync(Cancellation)).State);
        await service.Client.Attach(id).DeleteAsync(Cancellation);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_interrupts_the_run_and_its_end_is_awaited(string signal)
    {
        // An empty loop would not do: CPython's jump back lies outside of the try block's range.
        using var tool = Tool.Start(service.Address, ["run", "-c", "import time\ntry:\n  print('ready', flush=True)\n  while True: time.sleep(0.01)\nfinally:\n  print('tidied')"]);
        await Until.TrueAsync(() => tool.Out == "ready\n", "the run has started");
        await tool.SignalAsync(signal);
        var ran = await tool.EndAsync();
        Assert.Equal((130, "ready\ntidied\n"), (ran.Status, ran.Out));
        Assert.Contains("interrupted (exit code 130)", ran.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_signal_leaves_at_once()
    {
        var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        using var tool = Tool.Start(service.Address, ["sandbox", "exec", sandbox.Id, "-c", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('ready', flush=True)\nwhile True: pass"]);
        await Until.TrueAsync(() => tool.Out == "ready\n", "the run has started");
        await tool.SignalAsync("INT");
        var began = TimeProvider.System.GetTimestamp();
        // One that comes before the first one is handled is merged with it, as pending signals are.
        while (!tool.HasExited && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(2)) await tool.SignalAsync("INT");
        var ran = await tool.EndAsync();
        Assert.Equal(130, ran.Status);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Nobody_reading_the_output_ends_the_run()
    {
        var mark = Guid.NewGuid().ToString("N");
        var command = $"dotnet {TestRun.Program("Cli", "podflare.dll")} --url {service.Address} run -e MARK={mark} -c 'while True: print(1)' | head -2; echo ${{PIPESTATUS[0]}}";
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true })!;
        Assert.Equal("1\n1\n141\n", await shell.StandardOutput.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task Code_that_cannot_be_run_has_an_exit_code_of_its_own()
    {
        var nowhere = new Uri($"http://127.0.0.1:{Ports.Free()}");
        var absent = await Tool.RunAsync(nowhere, ["run", "-c", "1"]);
        Assert.Equal((125, ""), (absent.Status, absent.Out));
        Assert.Contains($"Cannot connect to {nowhere.GetLeftPart(UriPartial.Authority)}: Connection refused.", absent.Err, StringComparison.Ordinal);
        Assert.Contains("podflare doctor", absent.Err, StringComparison.Ordinal);

        var json = await RunAsync("--json", "sandbox", "exec", "sbx_00000000000000000000000000000000", "-c", "1");
        Assert.Equal(125, json.Status);
        Assert.Equal("sandbox_not_found", JsonDocument.Parse(json.Err).RootElement.GetProperty("code").GetString());

        Assert.Equal(125, (await RunAsync("run", "/no/such/file.py")).Status);
        Assert.Equal(2, (await RunAsync("run")).Status);
        Assert.Equal(2, (await RunAsync("run", "x.py", "-c", "1")).Status);
        Assert.Equal(2, (await RunAsync("frobnicate")).Status);
    }

    private Task<ToolResult> RunAsync(params string[] arguments) => Tool.RunAsync(service.Address, arguments);
}
