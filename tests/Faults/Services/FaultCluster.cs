using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Podflare.EndToEnd.Services;

namespace Podflare.Faults.Services;

/// <summary>
/// Two workers, two frontends and a Redis of their own, run by <c>eng/cluster.sh</c>, and ways to hurt each of them. The processes reach
/// Redis through one proxy, and each worker reaches the container engine through a proxy of its own.
/// </summary>
/// <param name="name">A short name, which distinguishes its folder and its containers from those of other clusters of this test run.</param>
/// <param name="settings">Environment variables of the processes.</param>
internal sealed class FaultCluster(string name, params (string Key, string Value)[] settings) : IAsyncDisposable
{
    public static readonly string[] Workers = ["worker1", "worker2"];
    public static readonly string[] Frontends = ["frontend1", "frontend2"];
    public static readonly string[] Silos = [.. Workers, .. Frontends];
    private static readonly TimeSpan ScriptLimit = TimeSpan.FromMinutes(3);

    private readonly int _port = FreeRange();

    /// <summary>Cluster id, which is also the label of its containers.</summary>
    public string Id { get; } = $"{TestRun.Cluster}-{name}";

    public string Folder { get; } = Path.Combine(TestRun.Folder, name);

    /// <summary>The way of the processes to Redis.</summary>
    public CuttableProxy RedisProxy { get; private set; } = null!;

    /// <summary>Redis itself.</summary>
    public RedisCli Redis { get; private set; } = null!;

    /// <summary>The container engine as each worker reaches it.</summary>
    public EngineProxy[] Engines { get; private set; } = [];

    /// <summary>The wall clock of each worker. Empty where there is no C compiler.</summary>
    public ClockShift[] Clocks { get; private set; } = [];

    /// <summary>Health and metrics of a worker.</summary>
    public Uri Worker(int number) => new($"http://127.0.0.1:{_port + 3 + number}");

    public Uri Frontend(int number) => new($"http://127.0.0.1:{_port + 1 + number}");

    /// <summary>The HTTP address of a silo: of its health, and of a frontend's API.</summary>
    public Uri Address(string silo) => silo.StartsWith("worker", StringComparison.Ordinal) ? Worker(silo[^1] - '1') : Frontend(silo[^1] - '1');

    /// <summary>The run folder of a worker.</summary>
    public string RunFolder(string worker) => Path.Combine(Folder, $"w{worker[^1]}");

    public string HostOf(string worker) => File.ReadLines(Path.Combine(RunFolder(worker), "host")).First();

    /// <summary>The key under which Redis has the record of a worker's host.</summary>
    public string HostRecordKey(string worker) => $"{Id}/state/host/{HostOf(worker)}/host";

    public async Task UpAsync()
    {
        Directory.CreateDirectory(Folder);
        RedisProxy = new CuttableProxy(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Loopback, _port));
        Redis = new RedisCli(_port);
        Engines = [.. Workers.Select(worker => new EngineProxy(Path.Combine(Folder, $"{worker}.sock")))];
        Clocks = [.. Workers.Select(worker => ClockShift.TryCreate(Path.Combine(Folder, $"{worker}.clock"))).OfType<ClockShift>()];
        foreach (var (worker, number) in Workers.Select((worker, number) => (worker, number)))
        {
            (string Key, string Value)[] own = [("Podflare__Engine__Endpoint", Engines[number].Endpoint), .. Clocks.Length > 0 ? Clocks[number].Environment : []];
            await File.WriteAllLinesAsync(Path.Combine(Folder, $"{worker}.env"), own.Select(pair => $"{pair.Key}='{pair.Value}'"));
        }

        await ScriptAsync("up");
    }

    public async ValueTask DisposeAsync()
    {
        if (RedisProxy is null) return;
        RedisProxy.Mend();
        foreach (var engine in Engines) engine.Mend();
        await ScriptAsync("down");
        await RedisProxy.DisposeAsync();
        foreach (var engine in Engines) await engine.DisposeAsync();
    }

    /// <summary>Waits until a silo's process runs and says that it is ready.</summary>
    public Task ReadyAsync(string silo, TimeSpan limit) => Until.TrueAsync(async () => Find(silo) is not null && await IsReadyAsync(silo), limit, $"{silo} is ready");

    /// <summary>Starts another worker that has the host id of one that runs, and a run folder of its own, as a copied machine would.</summary>
    public Process StartCopyOf(string worker)
    {
        var folder = Path.Combine(Folder, "copy");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(RunFolder(worker), "host"), Path.Combine(folder, "host"), overwrite: true);
        var start = new ProcessStartInfo("dotnet", TestRun.Program("Silo")) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings.Where(pair => pair.Key.StartsWith("Podflare__", StringComparison.Ordinal))) start.Environment[key] = value;
        start.Environment["ConnectionStrings__Redis"] = RedisProxy.Address.ToString();
        start.Environment["Podflare__Role"] = "Worker";
        start.Environment["Podflare__ClusterId"] = Id;
        start.Environment["Podflare__RunFolder"] = folder;
        start.Environment["Podflare__SiloPort"] = $"{_port + 15}";
        start.Environment["Podflare__GatewayPort"] = $"{_port + 20}";
        start.Environment["PODFLARE_HEALTH_ADDR"] = $"127.0.0.1:{_port + 5}";
        var process = Process.Start(start)!;
        // Its log is of use when a test fails; unread pipes would stop it.
        process.OutputDataReceived += (_, line) => Log(line.Data);
        process.ErrorDataReceived += (_, line) => Log(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Log(string? line)
        {
            lock (settings) File.AppendAllText(Path.Combine(Folder, "logs", "copy.log"), line + "\n");
        }
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
    public Task<string[]> ListKeysAsync() => Redis.ListKeysAsync();

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

    private async Task<bool> IsReadyAsync(string silo)
    {
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            return (await http.GetAsync(new Uri(Address(silo), "/readyz"))).StatusCode is HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
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
