using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Podflare.EndToEnd.Services;

namespace Podflare.Faults.Services;

/// <summary>
/// Two workers, two frontends and a Redis by <c>eng/cluster.sh</c>, with everything their own, and ways to hurt each of them. Between
/// the processes and Redis stands a proxy of ours.
/// </summary>
/// <param name="name">A short name, which tells its folder and its containers from those of other clusters of this test run.</param>
/// <param name="settings">Environment variables of the processes.</param>
internal sealed class FaultCluster(string name, params (string Key, string Value)[] settings) : IAsyncDisposable
{
    public static readonly string[] Workers = ["worker1", "worker2"];
    public static readonly string[] Frontends = ["frontend1", "frontend2"];
    private static readonly TimeSpan ScriptLimit = TimeSpan.FromMinutes(3);

    private readonly int _port = FreeRange();

    /// <summary>Cluster id, which is also the label of its containers.</summary>
    public string Id { get; } = $"{TestRun.Cluster}-{name}";

    public string Folder { get; } = Path.Combine(TestRun.Folder, name);

    /// <summary>The way of the processes to Redis.</summary>
    public CuttableProxy RedisProxy { get; private set; } = null!;

    /// <summary>Health and metrics of a worker.</summary>
    public Uri Worker(int number) => new($"http://127.0.0.1:{_port + 3 + number}");

    public Uri Frontend(int number) => new($"http://127.0.0.1:{_port + 1 + number}");

    public async Task UpAsync()
    {
        RedisProxy = new CuttableProxy(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, _port));
        await ScriptAsync("up");
    }

    public async ValueTask DisposeAsync()
    {
        if (RedisProxy is null) return;
        RedisProxy.Mend();
        await ScriptAsync("down");
        await RedisProxy.DisposeAsync();
    }

    /// <summary>The process that runs under this name now, if there is one. Its mark is looked at: the number may be another program's by now.</summary>
    public int? Find(string process)
    {
        try
        {
            var pid = int.Parse(File.ReadAllText(Path.Combine(Folder, $"{process}.pid")), CultureInfo.InvariantCulture);
            var mark = $"PODFLARE_CLUSTER_PROCESS={Path.Combine(Folder, process.Split('.')[0])}";
            return File.ReadAllText($"/proc/{pid}/environ").Split('\0').Contains(mark) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Sends a signal to the process that runs under this name now; the script's loop starts it again when it has died.</summary>
    /// <returns>Its pid; null when none runs at this moment.</returns>
    public int? Signal(string process, string signal)
    {
        if (Find(process) is not { } pid) return null;
        Signal(pid, signal);
        return pid;
    }

    /// <summary>Kills a process and what would start it again; <c>cluster.sh up</c> brings both back.</summary>
    public async Task StopForGoodAsync(string process)
    {
        if (Find($"{process}.loop") is { } loop)
        {
            Signal(loop, "TERM");
            await Until.TrueAsync(() => Task.FromResult(Find($"{process}.loop") is null), TimeSpan.FromSeconds(10), $"nothing starts {process} again");
        }

        Signal(process, "KILL");
    }

    public static void Signal(int pid, string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", ["-s", signal, $"{pid}"]) { RedirectStandardError = true })!;
        kill.WaitForExit();
    }

    /// <summary>All keys in Redis.</summary>
    public async Task<string[]> ListKeysAsync()
    {
        using var scan = Process.Start(new ProcessStartInfo("redis-cli", ["-p", $"{_port}", "--scan"]) { RedirectStandardOutput = true })!;
        var keys = (await scan.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await scan.WaitForExitAsync();
        return scan.ExitCode == 0 ? keys : throw new InvalidOperationException("redis-cli could not list the keys.");
    }

    public Task ScriptAsync(params string[] arguments) => ScriptAsync(arguments, ScriptLimit);

    private async Task ScriptAsync(string[] arguments, TimeSpan limit)
    {
        var start = new ProcessStartInfo(Path.Combine(TestRun.Repository, "eng", "cluster.sh"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PODFLARE_CLUSTER_DIR"] = Folder;
        start.Environment["PODFLARE_CLUSTER_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PODFLARE_CLUSTER_ID"] = Id;
        start.Environment["PODFLARE_CLUSTER_REDIS"] = RedisProxy.Address.ToString();
        start.Environment["PODFLARE_SKIP_SETUP"] = "1";
        start.Environment["Logging__Console__FormatterName"] = "simple";
        start.Environment["Logging__Console__FormatterOptions__SingleLine"] = "true";
        start.Environment["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ";
        foreach (var (key, value) in settings) start.Environment[key] = value;
        using var script = Process.Start(start)!;
        var output = Task.WhenAll(script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync().WaitAsync(limit);
        if (script.ExitCode != 0) throw new InvalidOperationException($"cluster.sh {arguments[0]}: {string.Concat(await output)}");
    }

    // cluster.sh uses a range; whoever listens within it is met here rather than half-way up.
    private static int FreeRange()
    {
        while (true)
        {
            var port = Random.Shared.Next(100, 320) * 100;
            if (Enumerable.Range(port, 25).All(IsFree)) return port;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
