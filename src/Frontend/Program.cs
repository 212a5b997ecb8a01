using Podflare.Hosting;

return await ProcessRunner.RunAsync(() =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddFrontend();
    builder.AddPodflare(ProcessRole.Frontend);
    var app = builder.Build();
    app.MapFrontend();
    return app;
});
