using System.Collections.Concurrent;
using System.Diagnostics;
using Podflare.EndToEnd.Api;

namespace Podflare.EndToEnd.Services;

/// <summary>The embedded single process as `run.sh` starts it, on a free port, with a run folder and cluster id of the test run's own.</summary>
public sealed class EmbeddedService : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private Process? _process;

    public SandboxApi Api { get; private set; } = null!;

    public int ProcessId => _process!.Id;

    /// <summary>What it has logged of requests that failed by a fault of its own.</summary>
    internal ConcurrentQueue<string> Faults { get; } = [];

    internal string Cluster { get; } = $"{TestRun.Cluster}-e";

    public async ValueTask InitializeAsync()
    {
        var address = $"127.0.0.1:{Ports.Free()}";
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Frontend")]) { RedirectStandardOutput = true };
        start.Environment["PODFLARE_HOSTD_ADDR"] = address;
        start.Environment["Podflare__RunFolder"] = Path.Combine(TestRun.Folder, "e");
        start.Environment["Podflare__ClusterId"] = Cluster;
        start.Environment["Podflare__Templates__slow__Image"] = "podflare/default:local";
        start.Environment["Podflare__Templates__slow__Cpus"] = "0.05";
        start.Environment["Podflare__Templates__slow__PoolMax"] = "0";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        Api = new SandboxApi(new Uri($"http://{address}"));
        await Until.TrueAsync(IsReadyAsync, StartLimit, "the embedded service is ready");
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        if (_process is null) return;
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(35));
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited) _process.Kill();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null) return;
        Console.Out.WriteLine(line);
        if (line.Contains("Request failed.", StringComparison.Ordinal) && Faults.Count < 100) Faults.Enqueue(line);
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited) throw new InvalidOperationException($"The service ended with code {_process.ExitCode} before it was ready.");
        return await Api.IsReadyAsync();
    }
}
