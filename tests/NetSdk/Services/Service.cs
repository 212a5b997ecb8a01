using System.Diagnostics;
using Podflare.NetSdk.Services;

[assembly: AssemblyFixture(typeof(Service))]

namespace Podflare.NetSdk.Services;

/// <summary>The real service in one process, with a run folder and cluster id of the test run's own.</summary>
public sealed class Service : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly string? _key;
    private Process? _process;

    public Service() : this("n", new Dictionary<string, string>())
    {
    }

    private Service(string name, IReadOnlyDictionary<string, string> settings, string? key = null) => (_name, _settings, _key) = (name, settings, key);

    /// <summary>Starts another service.</summary>
    /// <param name="name">A short name of its own.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="key">The API key of clients, if the service requires one.</param>
    public static async Task<Service> StartAsync(string name, IReadOnlyDictionary<string, string> settings, string? key = null)
    {
        var service = new Service(name, settings, key);
        try
        {
            await service.InitializeAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public int Port { get; } = Ports.Free();

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public PodflareClient Client { get; private set; } = null!;

    public PodflareClient Connect(Action<PodflareClientOptions>? change = null)
    {
        var options = new PodflareClientOptions { BaseAddress = Address, ApiKey = _key };
        change?.Invoke(options);
        return new PodflareClient(options);
    }

    public async ValueTask InitializeAsync()
    {
        Client = Connect();
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("Frontend", "Podflare.Frontend.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PODFLARE_HOSTD_ADDR"] = $"127.0.0.1:{Port}";
        start.Environment["Podflare__RunFolder"] = Path.Combine(TestRun.Folder, _name);
        start.Environment["Podflare__ClusterId"] = $"{TestRun.Cluster}-net{_name}";
        foreach (var (key, value) in _settings) start.Environment[key] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, line) => Console.Error.WriteLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Until.TrueAsync(IsReadyAsync, "the service is ready", StartLimit);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            // Sandboxes that a failed test left behind go with the process.
            await foreach (var sandbox in Client.ListSandboxesAsync()) await Client.Attach(sandbox.Id).DeleteAsync();
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(35));
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_process.HasExited) _process.Kill();
        }

        _process?.Dispose();
        Client.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited) throw new InvalidOperationException($"The service ended with code {_process.ExitCode} before it was ready.");
        try
        {
            await Client.CheckReadyAsync();
            return true;
        }
        catch (PodflareException)
        {
            return false;
        }
    }
}
