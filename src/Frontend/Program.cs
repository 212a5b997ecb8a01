using Podflare.Hosting;
using Podflare.Processes;
using Podflare.Telemetry;

return await ProcessRunner.RunAsync(
    () =>
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddFrontend();
        builder.AddPodflare(ProcessRole.Frontend);
        if (MetricsEndpoint.Address(builder.Configuration) is { } metrics) builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(metrics));
        return builder.Build();
    },
    app =>
    {
        if (MetricsEndpoint.Address(app.Configuration) is { } metrics) app.UseMetrics(metrics.Port);
        app.MapFrontend();
    });
