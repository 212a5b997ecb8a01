using System.Diagnostics;
using System.Globalization;
using Podflare.EndToEnd.Api;
using Podflare.EndToEnd.Services;

namespace Podflare.Pool.Services;

/// <summary>One process that is the whole service, with the settings of a test, and a run folder and containers of its own.</summary>
internal sealed class Service : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static int _services;

    private readonly Dictionary<string, string> _settings;
    private Process? _process;

    private Service(Dictionary<string, string> settings)
    {
        var number = Interlocked.Increment(ref _services);
        var port = Ports.Free();
        Cluster = $"{TestRun.Cluster}-p{number}";
        Folder = Path.Combine(TestRun.Folder, $"p{number}");
        Api = new SandboxApi(new Uri($"http://127.0.0.1:{port}"));
        _settings = new(settings)
        {
            ["PODFLARE_HOSTD_ADDR"] = $"127.0.0.1:{port}",
            ["Podflare__RunFolder"] = Folder,
            ["Podflare__ClusterId"] = Cluster,
            ["Podflare__SiloPort"] = $"{Ports.Free()}",
            ["Podflare__GatewayPort"] = $"{Ports.Free()}",
        };
    }

    public string Cluster { get; }

    public string Folder { get; }

    public SandboxApi Api { get; }

    public int ProcessId => _process!.Id;

    private string? Resolver { get; init; }

    public static async Task<Service> StartAsync(params (string Key, string Value)[] settings)
    {
        var service = new Service(settings.ToDictionary(setting => setting.Key, setting => setting.Value));
        await service.StartAgainAsync();
        return service;
    }

    /// <param name="resolver">The name server that the service uses instead of the machine's; null for the machine's.</param>
    public static async Task<Service> StartAsync(string? resolver, params (string Key, string Value)[] settings)
    {
        var service = new Service(settings.ToDictionary(setting => setting.Key, setting => setting.Value)) { Resolver = resolver };
        await service.StartAgainAsync();
        return service;
    }

    public async Task StartAgainAsync()
    {
        var start = Resolver is null ? new ProcessStartInfo("dotnet", [TestRun.Program("Frontend")]) : PrivateResolver.Start(Resolver, "dotnet", TestRun.Program("Frontend"));
        foreach (var (key, value) in _settings) start.Environment[key] = value;
        _process = Process.Start(start)!;
        await Until.TrueAsync(IsReadyAsync, StartLimit, "the service is ready");
    }

    /// <summary>As a power cut would.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(35));
    }

    /// <summary>Sandbox ids whose containers are parked, as the run folder says it.</summary>
    /// <param name="image">A part of the image's name.</param>
    public async Task<string[]> ParkedAsync(string image = "")
    {
        // In this order: one that begins to start in between is on neither list, and would else pass for parked.
        var all = await Engine.ListSandboxesAsync(Cluster);
        var used = await Engine.ListUsedAsync(Cluster);
        return [.. all.Where(one => !used.Contains(one.Container) && one.Image.Contains(image, StringComparison.Ordinal)).Select(one => one.Sandbox)];
    }

    public Task ParkedAsync(int count) =>
        Until.TrueAsync(async () => (await ParkedAsync()).Length == count, TimeSpan.FromSeconds(30), $"{count} containers are parked");

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await StopAsync();
        _process?.Dispose();
        Api.Dispose();
        await Engine.RemoveAsync(await Engine.ListAsync(Cluster));
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited) throw new InvalidOperationException($"The service ended with code {_process.ExitCode} before it was ready.");
        return await Api.IsReadyAsync();
    }
}
