using System.Diagnostics;
using Podflare.Audit;
using Podflare.Contexts;
using Podflare.Destinations;
using Podflare.Edge;
using Podflare.Feed;
using Podflare.Files;
using Podflare.Health;
using Podflare.Hosts;
using Podflare.Http;
using Podflare.Info;
using Podflare.Keys;
using Podflare.Limits;
using Podflare.Logs;
using Podflare.Mcp;
using Podflare.Oidc;
using Podflare.OpenApi;
using Podflare.Overview;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Resources;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Telemetry;
using Podflare.Templates;
using Podflare.Tenants;
using Podflare.Terminals;
using Podflare.Usage;
using Podflare.WebConsole;
using Podflare.Webhooks;

namespace Podflare.Hosting;

/// <summary>Composes the HTTP frontend: its services, middleware, and routes. The silo in the same process provides the grains.</summary>
internal static class FrontendApp
{
    public static void AddFrontend(this WebApplicationBuilder builder)
    {
        builder.AddHttp();
        builder.Services.AddEdge().AddKeys().AddOidc(builder.Configuration).AddTenantEndpoints();
        builder.Services.AddRequestTraces().AddRequests().AddSandboxEndpoints().AddRunEndpoints().AddTerminalEndpoints().AddFileEndpoints().AddFeedEndpoints().AddWebhookEndpoints().AddHealth().AddHostEndpoints().AddInfo().AddConsole().AddMcp().AddE2b();
    }

    public static void MapFrontend(this WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseMiddleware<TraceMiddleware>();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseE2bTargets();
        app.UseEdge();
        app.UseRouting();
        app.UseE2bAccess();
        app.UseMiddleware<KeyMiddleware>();
        app.UseMiddleware<RateLimitMiddleware>();
        app.UseMiddleware<ResourceIdMiddleware>();
        app.UseMiddleware<RequestBodyMiddleware>();
        app.UseMiddleware<DeadlineMiddleware>();

        var routes = app.MapGroup("");
        routes.AcceptHead();
        routes.MapHealth();
        routes.MapMetrics();
        routes.MapApiDocument();
        routes.MapErrorPages();
        routes.MapConsole();
        app.MapMcp(routes);
        foreach (var mount in new[] { Mount.Main, Mount.Compat })
        {
            routes.MapHealthz(mount);
            var api = routes.MapGroup($"{mount.Prefix}/v1").RequireSandboxScopes();
            api.MapSandboxes(mount);
            api.MapRuns(mount);
            api.MapTerminals();
            api.MapNotOffered();
            if (mount == Mount.Compat) continue;

            api.MapResources();
            api.MapLogs();
            api.MapFiles();
            api.MapContexts();
            api.MapTemplates();
            api.MapFeed();
            api.MapWebhooks();
            api.MapDestinations();
            api.MapKeys();
            api.MapTenants();
            api.MapHosts();
            api.MapInfo();
            api.MapOverview();
            api.MapUsage();
            api.MapAudit();
        }

        app.MapE2b(routes);

        app.Services.GetRequiredService<ServerRefusals>().Subscribe(app.Services.GetRequiredService<DiagnosticListener>());
        if (app.Services.GetRequiredService<AuthenticationSettings>().Mode is AuthMode.Keys) app.Services.GetRequiredService<LimitEnforcement>().Begin();
        app.LogAuthenticationMode();
    }
}
