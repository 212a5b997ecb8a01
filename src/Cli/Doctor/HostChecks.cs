using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Doctor;

/// <summary>Checks of the hosts on which sandboxes run: the layers that separate them, and the memory that they are promised.</summary>
internal sealed class HostChecks : IDisposable
{
    private const long MaxAnswerBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // What an engine or a kernel has only where somebody has set it up.
    private static readonly Dictionary<string, string> Advice = new()
    {
        ["seccomp"] = "Use an engine that loads seccomp profiles (docker info lists seccomp under Security Options).",
        ["landlock"] = "Use a kernel of version 5.19 or later with landlock among the modules of /sys/kernel/security/lsm.",
        ["memory"] = "Enable the memory controller and swap accounting (kernel parameters cgroup_enable=memory swapaccount=1), or switch swap off.",
        ["masked_paths"] = "Use an engine of version 20.10 or later, without overrides of masked paths.",
        ["mac"] = "Enable AppArmor or SELinux on the host; the engine then confines containers by itself.",
        ["userns"] = "Start the engine with userns-remap, and set Podflare:Isolation:FirstUser to 20000.",
        ["runtime"] = "For code of strangers, give templates the runtime runsc (gVisor).",
    };

    private static readonly string[] Optional = ["mac", "userns", "runtime"];

    private readonly HttpClient _http;
    private JsonElement[]? _hosts;

    public HostChecks(Uri address, ServerSelection server)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !address.IsLoopback }) { BaseAddress = address, Timeout = Limit, MaxResponseContentBufferSize = MaxAnswerBytes };
        var key = server.ApiKey ?? Environment.GetEnvironmentVariable(GlobalOptions.ApiKeyVariable);
        if (key is { Length: > 0 }) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key.Trim());
    }

    public async Task<Finding> IsolationAsync(string name, CancellationToken cancellationToken)
    {
        if (await ReadAsync(name, cancellationToken) is { } skipped) return skipped;
        var layers = _hosts!.Where(host => host.TryGetProperty("isolation", out _)).SelectMany(host => host.GetProperty("isolation").EnumerateObject())
            .GroupBy(layer => layer.Name).ToDictionary(group => group.Key, group => group.Any(layer => layer.Value.GetString() == "missing"));
        if (layers.Count == 0) return new Finding(name, Finding.Skipped, "no host has reported its layers yet");
        var missing = layers.Where(layer => layer.Value).Select(layer => layer.Key).ToArray();
        var advice = missing.Length == 0 ? null : string.Join(" ", missing.Select(layer => Advice.GetValueOrDefault(layer, $"See {layer} in the worker's log.")));
        var serious = missing.Except(Optional).ToArray();
        return serious.Length > 0
            ? new Finding(name, Finding.Warning, $"sandboxes lack {string.Join(", ", serious)}", advice)
            : new Finding(name, Finding.Passed, missing.Length == 0 ? "sandboxes have all layers" : $"sandboxes have all layers except {string.Join(", ", missing)}, which are optional", advice);
    }

    public async Task<Finding> MemoryAsync(string name, CancellationToken cancellationToken)
    {
        if (await ReadAsync(name, cancellationToken) is { } skipped) return skipped;
        var factor = _hosts!.Where(host => host.TryGetProperty("overcommit", out _)).Select(host => host.GetProperty("overcommit").GetDouble()).DefaultIfEmpty().Max();
        if (factor == 0) return new Finding(name, Finding.Skipped, "no host has reported its memory yet");
        var text = factor.ToString("0.##", CultureInfo.InvariantCulture);
        return factor <= 1
            ? new Finding(name, Finding.Passed, $"hosts promise {text} times their memory to sandboxes: every sandbox can use its limit")
            : new Finding(
                name, Finding.Passed, $"hosts promise {text} times their memory to sandboxes, because most use little; if many use their limits at once, the kernel ends the largest",
                "Set Podflare:Hosts:Overcommit to 1 where every sandbox must be able to use its limit.");
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null when the hosts are known.</returns>
    private async Task<Finding?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (_hosts is not null) return null;
        try
        {
            using var response = await _http.GetAsync(new Uri("v1/hosts", UriKind.Relative), cancellationToken);
            if (response.StatusCode is HttpStatusCode.Forbidden) return new Finding(name, Finding.Skipped, "the key does not have the scope admin");
            if (response.StatusCode is HttpStatusCode.NotFound) return new Finding(name, Finding.Skipped, "this version of the server does not report its hosts");
            if (!response.IsSuccessStatusCode) return new Finding(name, Finding.Skipped, $"the server answered {(int)response.StatusCode}");
            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            _hosts = [.. json.RootElement.GetProperty("hosts").Clone().EnumerateArray()];
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or KeyNotFoundException or InvalidOperationException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Finding(name, Finding.Skipped, "the server did not list its hosts");
        }
    }
}
