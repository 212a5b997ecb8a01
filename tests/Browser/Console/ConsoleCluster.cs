using System.Diagnostics;
using System.Globalization;
using System.Net;
using Podflare.Faults.Services;
using Podflare.Status.Services;

namespace Podflare.Browser.Console;

/// <summary>Redis, two workers and two frontends behind an address that leads to one frontend at a time.</summary>
public sealed class ConsoleCluster : IAsyncLifetime
{
    private readonly int _port = FreeRange();
    private CuttableProxy _balancer = null!;

    internal Uri Address => new($"http://{_balancer.Address}");

    public async ValueTask InitializeAsync()
    {
        await ScriptAsync("up");
        _balancer = new CuttableProxy(new IPEndPoint(IPAddress.Loopback, 0), Frontend(1));
    }

    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null) await _balancer.DisposeAsync();
        await ScriptAsync("down");
    }

    /// <summary>Kills the frontend that everybody uses; the address leads to the other one from then on.</summary>
    internal async Task KillFrontendAsync()
    {
        var current = _balancer.Target.Equals(Frontend(1)) ? 1 : 2;
        await ScriptAsync("kill", $"frontend{current}", "KILL");
        _balancer.Target = Frontend(3 - current);
    }

    private IPEndPoint Frontend(int number) => new(IPAddress.Loopback, _port + number);

    private async Task ScriptAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(TestRun.Repository, "eng", "cluster.sh"), arguments) { RedirectStandardOutput = true };
        start.Environment["PODFLARE_CLUSTER_DIR"] = Path.Combine(TestRun.Folder, "c");
        start.Environment["PODFLARE_CLUSTER_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PODFLARE_CLUSTER_ID"] = $"{TestRun.Cluster}-c";
        start.Environment["PODFLARE_SKIP_SETUP"] = "1";
        using var script = Process.Start(start)!;
        var output = script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        if (script.ExitCode != 0) throw new InvalidOperationException($"cluster.sh {arguments[0]}: {await output}");
    }

    // cluster.sh uses a range, whose ports must all be free.
    private static int FreeRange()
    {
        var used = System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port).ToHashSet();
        return Enumerable.Range(200, 400).Select(i => i * 100).OrderBy(_ => Random.Shared.Next()).First(port => !Enumerable.Range(port, 25).Any(used.Contains));
    }
}
