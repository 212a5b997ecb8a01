using Podflare.Hosting;
using Podflare.Processes;
using Podflare.Telemetry;

return await ProcessRunner.RunAsync(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddFrontend();
    builder.AddPodflare(ProcessRole.Frontend);
    var metrics = MetricsEndpoint.Address(builder.Configuration);
    if (metrics is not null) builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(metrics));
    var app = builder.Build();
    if (metrics is not null) app.UseMetrics(metrics.Port);
    app.MapFrontend();
    return app;
});
