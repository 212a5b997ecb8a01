using System.Diagnostics;
using System.Text;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary><c>podflare shell</c> on a terminal, as a user types into it.</summary>
public sealed class ShellTests : IDisposable
{
    private readonly TerminalServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task What_is_typed_arrives_key_by_key_and_the_size_follows()
    {
        var mark = Path.Combine(TestRun.Folder, $"resize-{Guid.NewGuid():N}");
        using var shell = Screen.Start(_server.Address, $"(while [ ! -e {mark} ]; do sleep 0.05; done; stty cols 90 rows 20) </dev/tty & stty cols 100 rows 30; exec", "shell sbx_1");
        await Until.TrueAsync(() => shell.Shown.Contains("ready", StringComparison.Ordinal), "the terminal is shown");
        await Until.TrueAsync(() => _server.Calls.Contains("""POST resize {"cols":100,"rows":30}"""), "the size is sent");
        Assert.Contains("""POST exec {"argv":["bash"],"env":{"TERM":"xterm"},"pty":{"cols":100,"rows":30}}""", _server.Calls);
        // Ctrl-C is a key like any other, and no line is edited here.
        await shell.TypeAsync("a\u0003\u007f");
        await Until.TrueAsync(() => string.Concat(Typed()) == "a\u0003\u007f", "the keys have arrived");
        await File.WriteAllTextAsync(mark, "", TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => _server.Calls.Contains("""POST resize {"cols":90,"rows":20}"""), "the new size is sent");
        await shell.TypeAsync("\u0004");
        Assert.Equal(7, await shell.EndAsync());
        Assert.DoesNotContain(_server.Calls, call => call.StartsWith("POST signal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_keys_leave_it_running()
    {
        using var shell = Screen.Start(_server.Address, "exec", "shell sbx_1 -- python3 -i");
        await Until.TrueAsync(() => shell.Shown.Contains("ready", StringComparison.Ordinal), "the terminal is shown");
        Assert.Contains(_server.Calls, call => call.StartsWith("""POST exec {"argv":["python3","-i"],""", StringComparison.Ordinal));
        await shell.TypeAsync("\u0010x\u0010\u0010y\u0010\u0011");
        Assert.Equal(0, await shell.EndAsync());
        // A Ctrl-P that something else follows is passed on.
        Assert.Equal("\u0010x\u0010\u0010y", string.Concat(Typed()));
        Assert.Contains("podflare shell sbx_1 --attach run_1\r\n", shell.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Calls, call => call.StartsWith("POST signal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_terminal_it_says_so()
    {
        var result = await Tool.RunAsync(_server.Address, ["shell", "sbx_1"]);
        Assert.Equal(125, result.Status);
        Assert.StartsWith("podflare: A shell needs a terminal on stdin and stdout.", result.Err, StringComparison.Ordinal);
    }

    private IEnumerable<string> Typed() => _server.Calls
        .Where(call => call.StartsWith("POST stdin ", StringComparison.Ordinal))
        .Select(call => Encoding.UTF8.GetString(Convert.FromBase64String(System.Text.Json.Nodes.JsonNode.Parse(call["POST stdin ".Length..])!["data_b64"]!.GetValue<string>())));

    /// <summary>The command on a terminal of its own.</summary>
    private sealed class Screen : IDisposable
    {
        private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
        private readonly Process _process;
        private readonly StringBuilder _shown = new();
        private readonly Task _reading;

        private Screen(Process process)
        {
            _process = process;
            _reading = ReadAsync();
        }

        public string Shown
        {
            get
            {
                lock (_shown) return _shown.ToString();
            }
        }

        public static Screen Start(Uri server, string prefix, string arguments)
        {
            var start = new ProcessStartInfo("script", ["-qec", $"{prefix} dotnet {TestRun.Program("Cli", "podflare.dll")} --url {server} {arguments}", "/dev/null"])
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
            };
            start.Environment["TERM"] = "xterm";
            start.Environment["SHELL"] = "/bin/bash";
            start.Environment["XDG_CONFIG_HOME"] = TestRun.Folder;
            return new Screen(Process.Start(start)!);
        }

        public async Task TypeAsync(string keys)
        {
            await _process.StandardInput.WriteAsync(keys);
            await _process.StandardInput.FlushAsync();
        }

        public async Task<int> EndAsync()
        {
            using var limit = new CancellationTokenSource(Limit);
            await _process.WaitForExitAsync(limit.Token);
            await _reading;
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }

        private async Task ReadAsync()
        {
            var buffer = new char[4_096];
            while (await _process.StandardOutput.ReadAsync(buffer) is > 0 and var count)
            {
                lock (_shown) _shown.Append(buffer, 0, count);
            }
        }
    }
}
