using Podflare.Hosting;
using Podflare.Processes;
using Podflare.Telemetry;
using Podflare.Workers;

return await ProcessRunner.RunAsync(
    () =>
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.AddPodflare(ProcessRole.Worker);
        builder.AddWorkerHealth();
        return builder.Build();
    },
    app =>
    {
        app.UseMetrics();
        app.MapWorkerHealth();
    });
