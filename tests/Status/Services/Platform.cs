using System.Diagnostics;

namespace Podflare.Status.Services;

/// <summary>The real embedded service. It can be killed and restarted at the same address.</summary>
/// <param name="settings">Environment variables that it gets besides.</param>
internal sealed class Platform(params (string Name, string Value)[] settings) : IAsyncDisposable
{
    private static int _started;

    // Several may run at the same time.
    private readonly int _number = Interlocked.Increment(ref _started);
    private Process? _process;

    public Uri Address { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    public string Cluster => $"{TestRun.Cluster}-s{_number}";

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Frontend")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PODFLARE_HOSTD_ADDR"] = $"127.0.0.1:{Address.Port}";
        start.Environment["Podflare__RunFolder"] = Path.Combine(TestRun.Folder, $"p{_number}");
        start.Environment["Podflare__ClusterId"] = Cluster;
        foreach (var (name, value) in settings) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient { BaseAddress = Address };
        await Until.TrueAsync(async () =>
        {
            try
            {
                using var response = await http.GetAsync("/readyz");
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return !_process.HasExited ? false : throw new InvalidOperationException($"the platform ended with code {_process.ExitCode}");
            }
        }, 60, "the platform is ready");
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Containers with our own label.</summary>
    public async Task<string[]> ContainersAsync() => await DockerAsync("ps", "-aq", "--filter", $"label=podflare.cluster={Cluster}");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            using (var term = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await term.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(35));
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited) _process.Kill();
            _process.Dispose();
        }

        foreach (var container in await ContainersAsync()) await DockerAsync("rm", "-fv", container);
    }

    private static async Task<string[]> DockerAsync(params string[] arguments)
    {
        using var docker = Process.Start(new ProcessStartInfo("docker", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await docker.StandardOutput.ReadToEndAsync();
        await docker.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
