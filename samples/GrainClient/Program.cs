// A .NET service in the cluster's network: it makes a sandbox, reads a run as it goes on, and takes the sandbox away, without HTTP.
//
//   eng/cluster.sh up
//   dotnet run --project samples/GrainClient -- "for i in range(3): print(i)"
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.GrainClient;

var code = args.FirstOrDefault() ?? "import time\nfor i in range(10): print(i); time.sleep(0.5)";

var builder = Host.CreateApplicationBuilder();
// The addresses of eng/cluster.sh; ConnectionStrings__Redis and Podflare__GrainClient__ClusterId name others.
builder.Configuration["Podflare:GrainClient:ClusterId"] ??= "local";
builder.AddPodflareGrainClient(redis: builder.Configuration.GetConnectionString("Redis") ?? "127.0.0.1:7100", tenant: "default");
// What the code prints has stdout for itself.
builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
using var host = builder.Build();
await host.StartAsync();

var sandboxes = host.Services.GetRequiredService<ISandboxes>();
var sandbox = await sandboxes.CreateAsync();
Console.Error.WriteLine(sandbox.Id);
try
{
    // Kill a worker meanwhile: the stream pauses, and goes on where it was.
    await foreach (var e in sandboxes.RunStreamAsync(sandbox.Id, code))
    {
        if (e is StdoutEvent stdout) Console.Write($"[{e.Seq}] out: {stdout.Data}");
        else if (e is StderrEvent stderr) Console.Write($"[{e.Seq}] err: {stderr.Data}");
        else if (e is ExitEvent exit) Console.WriteLine($"exit code: {exit.Code}");
    }
}
finally
{
    await sandboxes.DeleteAsync(sandbox.Id);
}

await host.StopAsync();
