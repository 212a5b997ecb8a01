namespace Podflare.Bench;

/// <summary>What the ways below and beside a run cost, measured in turn with a run.</summary>
internal static class Floors
{
    private const int Rounds = 8;
    private const int PerRound = 250;

    /// <summary>What a run is made of: a byte there and back over a unix socket, a bare guest without .NET, an answer without a run, a command of Redis.</summary>
    public static async Task MeasureAsync(IEnumerable<Settings.Service> services, string? redis, Table table)
    {
        using var floor = new Floor("bench/floors.py", redis is null ? [] : [redis]);
        table.Add("floor: unix socket, a byte there and back", "local", await WarmAsync(floor, "socket"));
        if (redis is not null) table.Add("floor: Redis, a command there and back", "local", await WarmAsync(floor, "redis"));
        await floor.MeasureAsync("guest", 2_000);
        foreach (var service in services)
        {
            await using var sandbox = await RemoteSandbox.CreateAsync(service.Addresses[0]);
            await Measure.RepeatAsync(0, sandbox.PrintAsync, warmUp: 4_000);
            var (bare, run) = await Measure.InTurnAsync(Rounds, PerRound, times => floor.MeasureAsync("guest", times), sandbox.PrintAsync);
            table.Add("floor: bare guest, print(1)", "local", bare);
            table.Add("print(1), warm; floor: bare guest", service.Name, run, bare);
            table.Add("floor: HTTP answer without a run", service.Name, await Measure.RepeatAsync(Rounds * PerRound, sandbox.HealthAsync, warmUp: 2_000));
        }
    }

    /// <summary>A tool that code calls: from the call to its value, with a bare guest as the floor.</summary>
    public static async Task ToolsAsync(IEnumerable<Settings.Service> services, Table table)
    {
        const int CallsPerRound = 180;
        using var floor = new Floor("bench/floors.py");
        await floor.MeasureAsync("tools", 1_800);
        foreach (var service in services)
        {
            await using var sandbox = await RemoteSandbox.CreateAsync(service.Addresses[0]);
            await sandbox.ToolCallsAsync(3_600);
            var (floors, calls) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                floors.AddRange((await floor.MeasureAsync("tools", CallsPerRound)).Sorted);
                calls.AddRange((await sandbox.ToolCallsAsync(CallsPerRound)).Sorted);
            }

            table.Add("tool call and its answer; floor: bare guest", service.Name, (new Sample(floors), new Sample(calls)), Target.P50(3));
        }
    }

    /// <summary>The same three things in Jupyter, over zmq.</summary>
    public static async Task JupyterAsync(IEnumerable<Settings.Service> services, Table table)
    {
        using var jupyter = new Floor("bench/jupyter.py");
        await jupyter.MeasureAsync("print", 200);
        foreach (var service in services)
        {
            await using var sandbox = await RemoteSandbox.CreateAsync(service.Addresses[0]);
            await Measure.RepeatAsync(0, sandbox.PrintAsync, warmUp: 4_000);
            table.Add(
                "print(1), warm; floor: Jupyter", service.Name,
                await Measure.InTurnAsync(Rounds, 200, times => jupyter.MeasureAsync("print", times), sandbox.PrintAsync), Target.Ratio(0.2));
            table.Add(
                "1,000,000 lines; floor: Jupyter", service.Name,
                await Measure.InTurnAsync(2, 1, times => jupyter.MeasureAsync("lines", times), sandbox.LinesAsync));
            table.Add(
                "create to first line; floor: start of a kernel", service.Name,
                await Measure.InTurnAsync(5, 1, times => jupyter.MeasureAsync("start", times), () => FirstLineAsync(service.Addresses[0])));
        }
    }

    private static async Task FirstLineAsync(Uri address)
    {
        await using var sandbox = await RemoteSandbox.CreateAsync(address);
        await sandbox.PrintAsync();
    }

    private static async Task<Sample> WarmAsync(Floor floor, string what)
    {
        await floor.MeasureAsync(what, 1_000);
        return await floor.MeasureAsync(what, 5_000);
    }
}
