using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Podflare.EndToEnd.Api;

namespace Podflare.EndToEnd.Services;

/// <summary>Redis, two workers and two frontends as processes of their own, by `eng/cluster.sh`, with everything their own.</summary>
public sealed class ClusterService : IAsyncLifetime
{
    private readonly int _port = FreeRange();

    public SandboxApi First { get; private set; } = null!;

    public SandboxApi Second { get; private set; } = null!;

    internal string Redis => $"127.0.0.1:{_port}";

    internal string Cluster { get; } = $"{TestRun.Cluster}-c";

    public async ValueTask InitializeAsync()
    {
        await ScriptAsync("up");
        First = new SandboxApi(new Uri($"http://127.0.0.1:{_port + 1}"));
        Second = new SandboxApi(new Uri($"http://127.0.0.1:{_port + 2}"));
    }

    public async ValueTask DisposeAsync()
    {
        First?.Dispose();
        Second?.Dispose();
        await ScriptAsync("down");
    }

    /// <summary>Sends a signal to one process; the script's loop starts it again when it has died.</summary>
    internal Task KillAsync(string name, string signal = "KILL") => ScriptAsync("kill", name, signal);

    /// <summary>Waits until both hosts take sandboxes, as the other tests expect.</summary>
    internal async Task BecomeWholeAsync()
    {
        var hosts = new HashSet<string>();
        await Until.TrueAsync(
            async () =>
            {
                var sandbox = await Second.CreateAsync();
                hosts.Add(HostOf(sandbox));
                await First.DeleteAsync(sandbox);
                return hosts.Count == 2;
            },
            TimeSpan.FromSeconds(60),
            "both hosts take sandboxes again");
    }

    /// <summary>Creates sandboxes through both frontends until each host has one. Which host a create gets depends on the load and on chance.</summary>
    internal async Task<string[]> CreateOnBothHostsAsync(object? body = null)
    {
        const int RoundSize = 6, MaxRounds = 5;
        List<string> sandboxes = [];
        for (var rounds = 0; sandboxes.Select(HostOf).Distinct().Count() < 2; rounds++)
        {
            Assert.InRange(rounds, 0, MaxRounds - 1);
            sandboxes.AddRange(await Task.WhenAll(Enumerable.Range(0, RoundSize).Select(i => (i % 2 == 0 ? First : Second).CreateAsync(body))));
        }

        return [.. sandboxes];
    }

    /// <summary>The process ids of workers and frontends as they are now, by name.</summary>
    internal static int ProcessId(string name) => int.Parse(File.ReadAllText(Path.Combine(TestRun.Folder, "c", $"{name}.pid")), CultureInfo.InvariantCulture);

    /// <summary>The name of the worker whose host has this sandbox.</summary>
    internal static string WorkerOf(string sandbox) =>
        File.ReadLines(Path.Combine(TestRun.Folder, "c", "w1", "host")).First() == HostOf(sandbox) ? "worker1" : "worker2";

    private static string HostOf(string sandbox) => sandbox.Substring(4, 8);

    private async Task ScriptAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(TestRun.Repository, "eng", "cluster.sh"), arguments) { RedirectStandardOutput = true };
        start.Environment["PODFLARE_CLUSTER_DIR"] = Path.Combine(TestRun.Folder, "c");
        start.Environment["PODFLARE_CLUSTER_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PODFLARE_CLUSTER_ID"] = Cluster;
        start.Environment["PODFLARE_SKIP_SETUP"] = "1";
        using var script = Process.Start(start)!;
        var output = script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        if (script.ExitCode != 0) throw new InvalidOperationException($"cluster.sh {arguments[0]}: {await output}");
    }

    // cluster.sh uses a range; whoever listens within it is met here rather than half-way up. The range lies below the ports of outgoing connections.
    private static int FreeRange()
    {
        while (true)
        {
            var port = Random.Shared.Next(200, 320) * 100;
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
