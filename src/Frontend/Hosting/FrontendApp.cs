using Podflare.Bodies;
using Podflare.Files;
using Podflare.Health;
using Podflare.Keys;
using Podflare.OpenApi;
using Podflare.Problems;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;

namespace Podflare.Hosting;

/// <summary>The HTTP frontend as a table of contents. A silo beside it gives it its grains.</summary>
internal static class FrontendApp
{
    public static void AddFrontend(this WebApplicationBuilder builder)
    {
        var settings = ServerSettings.Read(builder.Configuration);
        builder.AddHttp(settings);
        builder.Services.AddCallTraces().AddBodies().AddSandboxEndpoints().AddRunEndpoints().AddFileEndpoints().AddHealth();
    }

    public static void MapFrontend(this WebApplication app)
    {
        app.UseMiddleware<TraceMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseMiddleware<KeyMiddleware>();
        app.UseMiddleware<IdMiddleware>();
        app.UseMiddleware<DeadlineMiddleware>();

        app.MapHealth();
        app.MapApiDocument();
        foreach (var mount in new[] { Mount.Main, Mount.Compat })
        {
            app.MapAlive(mount);
            var api = app.MapGroup($"{mount.Prefix}/v1").WithMetadata(new NeedsKey());
            api.MapSandboxes(mount);
            api.MapRuns(mount);
            if (mount == Mount.Main) api.MapFiles();
            api.MapNotOffered();
        }

        app.SayHowCallersAreKnown();
    }
}
