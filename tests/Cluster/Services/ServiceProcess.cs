using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Podflare.Services;

/// <summary>One of our programs as a process of its own.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);
    private readonly ConcurrentQueue<string> _log = [];
    private readonly Process _process;
    private readonly Uri _address;

    /// <param name="program">The name of its project.</param>
    public ServiceProcess(string program, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(TestFolder.Repository, "artifacts", "bin", program, "release", $"Podflare.{program}.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        _address = new Uri($"http://{environment.GetValueOrDefault("PODFLARE_HOSTD_ADDR") ?? environment["PODFLARE_HEALTH_ADDR"]}");
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Address => _address;

    public string Log => string.Join('\n', _log);

    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    public Task WaitForExitAsync() => _process.WaitForExitAsync().WaitAsync(StartLimit);

    public async Task ReadyAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await IsReadyAsync())
        {
            if (_process.HasExited) throw new InvalidOperationException($"The process ended with code {_process.ExitCode}: {Log}");
            if (TimeProvider.System.GetElapsedTime(began) > StartLimit) throw new TimeoutException($"The process is not ready: {Log}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    public async Task<bool> IsReadyAsync()
    {
        using var client = new HttpClient { BaseAddress = _address, Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            return (await client.GetAsync("/readyz")).IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using (var term = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await term.WaitForExitAsync();
            using var limit = new CancellationTokenSource(StopLimit);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited) _process.Kill();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null && _log.Count < 2_000) _log.Enqueue(line);
    }
}

/// <summary>The folder and the cluster id of the test run.</summary>
internal static class TestFolder
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("PODFLARE_TEST_FOLDER") ?? Directory.CreateTempSubdirectory("pf-").FullName;

    public static string Cluster { get; } = Environment.GetEnvironmentVariable("PODFLARE_TEST_CLUSTER") ?? $"test-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    public static string Repository { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Podflare.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException("Podflare.sln is in no folder above the tests.");
    }
}
