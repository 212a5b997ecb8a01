using System.Diagnostics;
using System.Text;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>The result of a command.</summary>
internal sealed record ToolResult(int Status, string Out, string Err);

/// <summary>The command in a process of its own, as a user starts it.</summary>
internal sealed class Tool : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly Task _reading;
    private readonly Task<string> _err;

    private Tool(Process process)
    {
        _process = process;
        _reading = ReadOutAsync();
        _err = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs the command on a terminal of the given width.</summary>
    /// <returns>What the terminal shows, stdout and stderr together.</returns>
    public static async Task<string> OnTerminalAsync(Uri server, int columns, params string[] arguments)
    {
        var command = $"stty cols {columns} rows 50; exec dotnet {TestRun.Program("Cli", "podflare.dll")} --url {server} {string.Join(' ', arguments)}";
        var start = new ProcessStartInfo("script", ["-qec", command, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment["TERM"] = "xterm";
        start.Environment["NO_COLOR"] = "1";
        start.Environment["XDG_CONFIG_HOME"] = TestRun.Folder;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        return (await process.StandardOutput.ReadToEndAsync(limit.Token)).ReplaceLineEndings("\n");
    }

    /// <summary>What it has written to stdout so far.</summary>
    public string Out
    {
        get
        {
            lock (_out) return _out.ToString();
        }
    }

    public static async Task<ToolResult> RunAsync(Uri server, string[] arguments, string input = "", Dictionary<string, string>? environment = null)
    {
        using var tool = Start(server, arguments, environment);
        await tool._process.StandardInput.WriteAsync(input);
        tool._process.StandardInput.Close();
        return await tool.EndAsync();
    }

    public static Tool Start(Uri server, string[] arguments, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Cli", "podflare.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(false),
            StandardErrorEncoding = new UTF8Encoding(false),
        };
        foreach (var name in new[] { "PODFLARE_API_KEY", "PODFLARE_TRACEPARENT", "PODFLARE_PROFILE" }) start.Environment.Remove(name);
        start.Environment["PODFLARE_HOSTD_URL"] = server.ToString();
        start.Environment["XDG_CONFIG_HOME"] = TestRun.Folder;
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        return new Tool(Process.Start(start)!);
    }

    public bool HasExited => _process.HasExited;

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Writes more than a pipe holds, so that it returns once the command reads its stdin.</summary>
    public Task UntilItReadsStdinAsync() => _process.StandardInput.WriteAsync(new string('#', 256 * 1024));

    public async Task<ToolResult> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return new ToolResult(_process.ExitCode, Out, await _err);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadOutAsync()
    {
        var buffer = new char[4_096];
        while (await _process.StandardOutput.ReadAsync(buffer) is > 0 and var count)
        {
            lock (_out) _out.Append(buffer, 0, count);
        }
    }
}
