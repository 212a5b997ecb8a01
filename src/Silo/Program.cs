using Podflare.Hosting;
using Podflare.Processes;
using Podflare.Telemetry;
using Podflare.Workers;

return await ProcessRunner.RunAsync(() =>
{
    var builder = WebApplication.CreateSlimBuilder(args);
    builder.AddPodflare(ProcessRole.Worker);
    builder.AddWorkerHealth();
    var app = builder.Build();
    app.UseMetrics();
    app.MapWorkerHealth();
    return app;
});
