using Podflare.Bench;

if (Settings.Parse(args) is not { } settings)
{
    Console.Error.WriteLine(Settings.Usage);
    return 2;
}

Console.WriteLine($"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}");
Console.WriteLine($"load average at the start: {File.ReadAllText("/proc/loadavg").Split(' ')[0]}\n");
var table = new Table();
var plainServices = settings.Services.Where(service => service.Addresses.Length == 1).ToArray();
if (settings.Wants("runs"))
{
    using var floor = new LocalPython();
    foreach (var service in plainServices)
    {
        await using var sandbox = await RemoteSandbox.CreateAsync(service.Addresses[0]);
        // So many, because a service is warm only when the compiler has been through the whole way of a run a second time.
        table.Add(
            "print(1), warm", service.Name, await Measure.InTurnAsync(8, 500, floor.PrintAsync, sandbox.PrintAsync, warmUp: 4_000),
            Target.Ratio(service.IsCluster ? 4 : 3), Target.P99(8));
        table.Add("event, print to client", service.Name, await sandbox.EventLatencyAsync(1_000), targets: Target.P50(service.IsCluster ? 1.5 : 1));
        table.Add("1,000,000 lines", service.Name, await Measure.InTurnAsync(3, 1, floor.LinesAsync, sandbox.LinesAsync, warmUp: 1), Target.Ratio(1.3));
        table.Add("100 MB without newline", service.Name, await Measure.RepeatAsync(3, sandbox.BulkAsync, warmUp: 1), targets: Target.P50(1_000));
    }
}

if (settings.Wants("tracing"))
{
    foreach (var service in settings.Services)
    {
        if (service.Addresses is not [var plain, var other]) continue;
        await using var before = await RemoteSandbox.CreateAsync(plain);
        await using var after = await RemoteSandbox.CreateAsync(other);
        table.Add("print(1), warm", service.Name, await Measure.InTurnAsync(16, 300, before.PrintAsync, after.PrintAsync, warmUp: 4_000), Target.Ratio(1.15));
    }
}

if (settings.Wants("against"))
{
    foreach (var service in settings.Services)
    {
        if (service.Addresses is not [var before, var after]) continue;
        await Comparison.MeasureAsync(service.Name, before, after, table);
    }
}

if (settings.Wants("tools")) await Floors.ToolsAsync(plainServices, table);
if (settings.Wants("floors")) await Floors.MeasureAsync(plainServices, settings.Redis, table);
foreach (var service in plainServices)
{
    var sandboxes = new Sandboxes(service.Name, service.Addresses[0], table, settings.Folders.GetValueOrDefault(service.Name));
    if (settings.Wants("creates")) await sandboxes.CreatesAsync();
    if (settings.Wants("refill")) await sandboxes.RefillAsync();
    if (settings.Wants("bursts")) await sandboxes.BurstsAsync();
    if (settings.Wants("streams")) await sandboxes.StreamsAsync();
    if (settings.Wants("neighbours")) await sandboxes.NeighboursAsync();
    if (settings.Wants("crowd")) await sandboxes.CrowdAsync();
}

if (settings.Wants("start") && settings.Redis is { } redis)
{
    foreach (var (name, hasTarget, programs) in settings.Programs)
    {
        table.Add("start, both hosts ready", name, await Starts.MeasureAsync(10, redis, programs), targets: hasTarget ? [Target.P50(2_000)] : []);
    }
}

if (settings.Wants("keys")) await Authentication.MeasureAsync(table);
if (settings.Wants("codec")) Codec.Measure(table);
if (settings.Wants("jupyter")) await Floors.JupyterAsync(plainServices, table);
table.Print();
return 0;
