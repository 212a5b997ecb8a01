using Podflare.Bench;

var only = args.FirstOrDefault(arg => arg.StartsWith("--only=", StringComparison.Ordinal))?["--only=".Length..];
args = [.. args.Where(arg => !arg.StartsWith("--only=", StringComparison.Ordinal))];
if (args.Length == 0 || args.Any(arg => !arg.Contains('=')) || only is not (null or "runs" or "sandboxes"))
{
    Console.Error.WriteLine("usage: Podflare.Bench [--only=runs|sandboxes] NAME=http://ip:port[,http://ip:port] … (with a second address only what that one's runs are to the first one's)");
    return 2;
}

var services = args.Select(arg => arg.Split('=', 2)).Select(pair => (Name: pair[0], Addresses: pair[1].Split(',').Select(address => new Uri(address)).ToArray()));
Console.WriteLine($"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}");
var table = new Table();
using (var floor = new LocalPython())
{
    foreach (var (name, addresses) in only is "sandboxes" ? [] : services)
    {
        var address = addresses[0];
        if (addresses is [var plain, var other])
        {
            await using var before = await RemoteSandbox.CreateAsync(plain);
            await using var after = await RemoteSandbox.CreateAsync(other);
            table.Add("print(1), warm", name, await Measure.InTurnAsync(8, 500, before.PrintAsync, after.PrintAsync, warmUp: 4_000));
            continue;
        }

        await using var sandbox = await RemoteSandbox.CreateAsync(address);
        // So many, because a service is warm only when the compiler has been through the whole way of a run a second time.
        table.Add("print(1), warm", name, await Measure.InTurnAsync(8, 500, floor.PrintAsync, sandbox.PrintAsync, warmUp: 4_000));
        table.Add("event, print to client", name, await sandbox.EventLatencyAsync(1_000));
        table.Add("1,000,000 lines", name, await Measure.InTurnAsync(3, 1, floor.LinesAsync, sandbox.LinesAsync, warmUp: 1));
        table.Add("100 MB without newline", name, await Measure.RepeatAsync(3, sandbox.BulkAsync, warmUp: 1));
    }
}

foreach (var (name, addresses) in only is "runs" ? [] : services.Where(service => service.Addresses.Length == 1))
{
    var sandboxes = new Sandboxes(name, addresses[0], table);
    await sandboxes.CreatesAsync();
    await sandboxes.BurstsAsync();
    await sandboxes.StreamsAsync();
    await sandboxes.NeighboursAsync();
    await sandboxes.CrowdAsync();
}

table.Print();
return 0;
