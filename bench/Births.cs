using System.Diagnostics;
using System.Globalization;

namespace Podflare.Bench;

/// <summary>What it takes to make a sandbox and to remove it, in CPU time of the whole machine, and how a burst fares.</summary>
/// <remarks>The service has the pools that it has by default. Everything that the machine does meanwhile counts, so nothing else may run.</remarks>
internal sealed class Births(string where, Uri address, Table table)
{
    private const int Rounds = 5;
    private const int PerRound = 20;
    private const int Clients = 4;
    private const int Burst = 100;
    private const double CycleTarget = 150;
    private const double RateTarget = 14;

    private static readonly TimeSpan RateTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    public async Task MeasureAsync()
    {
        using var api = new SandboxApi(address);
        for (var i = 0; i < PerRound; i++) await CycleAsync(api);
        await CpuAsync(api);
        await RateAsync(api);
        await BurstAsync(api);
        await OtherLimitsAsync(api);
        await ColdAsync(api);
    }

    private async Task CpuAsync(SandboxApi api)
    {
        var (floors, cycles) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            floors.Add(await CpuOfAsync(FloorAsync));
            cycles.Add(await CpuOfAsync(() => CycleAsync(api)));
        }

        table.Add("CPU of unshare … python3, without an engine", "local", new Sample(floors));
        table.Add("CPU of create, print(1), delete; floor: unshare … python3", where, new Sample(cycles), new Sample(floors), Target.P50(CycleTarget));
    }

    private async Task RateAsync(SandboxApi api)
    {
        var (began, done) = (Stopwatch.GetTimestamp(), 0);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(began) < RateTime)
            {
                await CycleAsync(api);
                Interlocked.Increment(ref done);
            }
        }));
        table.AtLeast($"create, print(1), delete; {Clients} clients", where, done / Stopwatch.GetElapsedTime(began).TotalSeconds, "a second", RateTarget);
    }

    private async Task BurstAsync(SandboxApi api)
    {
        await PauseAsync(Idle);
        var (began, refused) = (Stopwatch.GetTimestamp(), 0);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var made = await Task.WhenAll(Enumerable.Range(0, Burst).Select(async _ =>
        {
            if (await api.TryCreateAsync() is not { } sandbox)
            {
                Interlocked.Increment(ref refused);
                return (Sandbox: null, Took: 0);
            }

            await api.RunAsync(sandbox, "print(1)");
            return (Sandbox: (string?)sandbox, Took: Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }));
        var client = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / (2 * Burst);
        var served = made.Where(one => one.Sandbox is not null).ToArray();
        table.Add($"burst of {Burst} after a minute, create to first output", where, new Sample(served.Select(one => one.Took)), targets: [Target.P50(700), Target.P95(1_200)]);
        table.AtMost($"burst of {Burst} after a minute, refused", where, refused, "of them", 0);
        table.AtMost("CPU of this client", "local", client, "ms per request", 1);
        foreach (var part in served.Chunk(Clients)) await Task.WhenAll(part.Select(one => api.DeleteAsync(one.Sandbox!)));
    }

    private async Task OtherLimitsAsync(SandboxApi api)
    {
        await PauseAsync(TimeSpan.FromSeconds(20));
        table.Add("create with another ram_mib", where, await CreatesAsync(api, new { ram_mib = 384 }, printed: false), targets: Target.P50(30));
    }

    private async Task ColdAsync(SandboxApi api) =>
        table.Add("create to first line, of a template without a pool", where, await CreatesAsync(api, new { template = "cold" }, printed: true), targets: Target.P50(110));

    private static async Task<Sample> CreatesAsync(SandboxApi api, object body, bool printed)
    {
        var took = new List<double>();
        for (var i = 0; i < PerRound + 1; i++)
        {
            await PauseAsync(TimeSpan.FromSeconds(0.3));
            var began = Stopwatch.GetTimestamp();
            var sandbox = await api.CreateAsync(body);
            if (printed) await api.RunAsync(sandbox, "print(1)");
            // The first one finds nothing in any cache.
            if (i > 0) took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await api.DeleteAsync(sandbox);
        }

        return new Sample(took);
    }

    private static async Task CycleAsync(SandboxApi api)
    {
        var sandbox = await api.CreateAsync();
        await api.RunAsync(sandbox, "print(1)");
        await api.DeleteAsync(sandbox);
    }

    /// <summary>What the kernel does for a sandbox, without anybody who manages it.</summary>
    private static async Task FloorAsync()
    {
        using var process = Process.Start(new ProcessStartInfo("unshare", ["--user", "--pid", "--mount", "--net", "--ipc", "--uts", "--fork", "python3", "-c", "print(1)"]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
    }

    /// <summary>Milliseconds of the machine's CPU time that one act takes, with what it leaves to be done afterwards.</summary>
    private static async Task<double> CpuOfAsync(Func<Task> act)
    {
        var before = BusyMilliseconds();
        for (var i = 0; i < PerRound; i++) await act();
        await PauseAsync(Settling);
        return (BusyMilliseconds() - before) / PerRound;
    }

    private static double BusyMilliseconds()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal: in hundredths of a second.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(7).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return 10 * (fields.Sum() - fields[3] - fields[4]);
    }

    private static Task PauseAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
}
