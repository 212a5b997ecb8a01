using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Podflare.Bench;

/// <summary>From two commands to a worker and a frontend that are ready, against a Redis that runs.</summary>
internal static class Starts
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);

    /// <param name="programs">The worker's and the frontend's.</param>
    public static async Task<Sample> MeasureAsync(int times, string redis, string[] programs)
    {
        var took = new List<double>();
        // The first one fills the page cache.
        for (var i = 0; i <= times; i++)
        {
            var once = await OnceAsync(redis, programs, i);
            if (i > 0) took.Add(once);
        }

        return new Sample(took);
    }

    private static async Task<double> OnceAsync(string redis, string[] programs, int number)
    {
        var folder = Directory.CreateTempSubdirectory("pf-start-");
        var addresses = new[] { $"127.0.0.1:{FreePort()}", $"127.0.0.1:{FreePort()}" };
        using var http = new HttpClient();
        var began = Stopwatch.GetTimestamp();
        var processes = programs.Select((program, index) => Start(program, index == 0 ? "Worker" : "Frontend")).ToArray();
        try
        {
            await Task.WhenAll(addresses.Select(ReadyAsync));
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
        finally
        {
            foreach (var process in processes) await StopAsync(process);
            folder.Delete(recursive: true);
        }

        Process Start(string program, string role)
        {
            var start = new ProcessStartInfo("dotnet", [program]) { RedirectStandardOutput = true, RedirectStandardError = true };
            (string Key, string Value)[] settings =
            [
                ("ConnectionStrings__Redis", redis), ("Podflare__ClusterId", $"bench-start-{Environment.ProcessId}-{number}"), ("Podflare__Role", role),
                ("Podflare__RunFolder", folder.FullName), ("Podflare__SiloPort", $"{FreePort()}"), ("Podflare__GatewayPort", $"{FreePort()}"),
                (role is "Worker" ? "PODFLARE_HEALTH_ADDR" : "PODFLARE_HOSTD_ADDR", addresses[role is "Worker" ? 0 : 1]),
                // What is measured is the start, not the filling of a pool.
                ("Podflare__Templates__default__PoolMin", "0"),
            ];
            foreach (var (key, value) in settings) start.Environment[key] = value;
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            return process;
        }

        async Task ReadyAsync(string address)
        {
            while (true)
            {
                try
                {
                    using var answer = await http.GetAsync($"http://{address}/readyz");
                    if (answer.IsSuccessStatusCode) return;
                }
                catch (HttpRequestException)
                {
                    // It does not listen yet.
                }

                if (Stopwatch.GetElapsedTime(began) > Limit) throw new TimeoutException($"{address} was not ready within {Limit}.");
                await Task.Delay(Glance, TimeProvider.System);
            }
        }
    }

    private static async Task StopAsync(Process process)
    {
        using (process)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
