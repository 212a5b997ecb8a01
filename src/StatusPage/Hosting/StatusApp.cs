using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Admin;
using Podflare.Background;
using Podflare.Configuration;
using Podflare.Feeds;
using Podflare.Http;
using Podflare.IncidentManagement;
using Podflare.Notifications;
using Podflare.Pages;
using Podflare.Probes;
using Podflare.Snapshots;
using Podflare.Storage;
using Podflare.Subscribers;
using Podflare.Webhooks;

namespace Podflare.Hosting;

/// <summary>Registers the services and endpoints of the process.</summary>
internal static class StatusApp
{
    public static void AddStatusPage(this WebApplicationBuilder builder)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        var page = ListenAddress.Parse(ListenAddress.PageVariable, configuration[ListenAddress.PageVariable], "127.0.0.1:7071");
        var admin = ListenAddress.Parse(ListenAddress.AdminVariable, configuration[ListenAddress.AdminVariable], "127.0.0.1:7072");
        var certificate = PageCertificate.Find(configuration, TimeProvider.System);
        page.EnsureFree(ListenAddress.PageVariable);
        admin.EnsureFree(ListenAddress.AdminVariable);
        var token = configuration[AdminToken.Variable];
        if (!admin.IsLoopback && string.IsNullOrEmpty(token)) throw new StartupException($"{ListenAddress.AdminVariable} is {admin}, which other machines can reach: set {AdminToken.Variable}.");
        var url = configuration["Status:PublicUrl"];
        if (string.IsNullOrEmpty(url) && (page.Address.Equals(IPAddress.Any) || page.Address.Equals(IPAddress.IPv6Any)) && configuration["Status:Mail:Host"] is { Length: > 0 })
            throw new StartupException($"{ListenAddress.PageVariable} is {page}, which cannot be used in the links of a mail: set Status__PublicUrl.");
        var folder = new DataFolder(configuration["Status:Folder"]);

        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 128 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 2000;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            page.Listen(kestrel, certificate is null ? null : certificate.Use);
            admin.Listen(kestrel, listen =>
            {
                if (!admin.IsLoopback) certificate?.Use(listen);
                listen.Use(next => connection =>
                {
                    connection.Features.Set(new AdminListener());
                    return next(connection);
                });
            });
        });

        services.TryAddSingleton(TimeProvider.System);
        // Registered through a factory, so that the container disposes it.
        services.AddSingleton(_ => folder);
        services.AddSingleton(new AdminToken(string.IsNullOrEmpty(token) ? null : token, folder));
        services.AddSingleton(new PublicAddress(string.IsNullOrEmpty(url) ? $"{(certificate is null ? "http" : "https")}://{page}" : url));
        AddOptions(services);
        services.AddSingleton(provider => new Database(folder.Path, provider.GetRequiredService<ILogger<Database>>()));
        services.AddSingleton<Supervisor>().AddSingleton<SnapshotStore>().AddSingleton<Assets>().AddSingleton<EventStreamLimiter>().AddSingleton<MetricsText>();
        services.AddSingleton(provider => new Layout(provider.GetRequiredService<Assets>(), provider.GetRequiredService<IOptions<StatusOptions>>().Value));
        services.AddSingleton<NotificationWriter>().AddSingleton<Reconciler>().AddSingleton<IncidentService>().AddSingleton<MaintenanceService>().AddSingleton<HealthMonitor>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<WebhookOptions>>().Value.ToCallOptions()).AddSingleton<AddressGuard>().AddSingleton<WebhookCaller>();
        services.AddSingleton<SubscriptionTokens>().AddSingleton<Subscriptions>().AddSingleton<DeliveryQueue>().AddSingleton<MailComposer>();
        services.AddSingleton<AdminCommandExecutor>().AddSingleton<AdminTokenLimiter>();
        services.AddSingleton<ProbeScheduler>().AddHostedService(provider => provider.GetRequiredService<ProbeScheduler>());
        services.AddHostedService<MailSender>().AddHostedService<WebhookSender>().AddHostedService<HousekeepingService>().AddHostedService<StaticSnapshotWriter>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        services.AddResponseCompression(compression => compression.EnableForHttps = false);
        AddClients(services);
    }

    public static void MapStatusPage(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        app.UseResponseCompression();
        app.UseErrorResponses();
        app.UseRouting();
        app.UseListeners();
        app.UseRateLimiter();
        app.MapPages();
        app.MapFeeds();
        app.MapSubscribers();
        app.MapAdmin();
        app.MapGet("/livez", () => "ok").On(page: true, admin: true);
        app.MapGet("/readyz", (Database database) => database.IsWritable ? Results.Text("ok") : Results.Text("The last change could not be written to disk.", statusCode: 503)).On(page: true, admin: true);
    }

    private static void AddOptions(IServiceCollection services)
    {
        services.AddOptions<StatusOptions>().BindConfiguration(StatusOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<IncidentOptions>().BindConfiguration(IncidentOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ProbeOptions>().BindConfiguration(ProbeOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
    }

    private static void AddClients(IServiceCollection services)
    {
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<StatusOptions>>((forwarded, status) =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.None;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in status.Value.Proxies)
            {
                forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
                forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            }
        });
        services.AddRateLimiter(limiter =>
        {
            limiter.AddPolicy(SubscribeEndpoints.LimitPolicy, context => RateLimitPartition.GetFixedWindowLimiter(ClientAddress.GetLimitKey(context), _ => new FixedWindowRateLimiterOptions
            {
                PermitLimit = context.RequestServices.GetRequiredService<IOptions<MailOptions>>().Value.RequestsPerClient,
                Window = TimeSpan.FromHours(1),
            }));
            limiter.OnRejected = async (rejected, cancellationToken) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "3600";
                var layout = rejected.HttpContext.RequestServices.GetRequiredService<Layout>();
                await rejected.HttpContext.SendPageAsync(PageEndpoints.Message(layout, "Too many requests", "Too many subscription requests came from your address. Try again in an hour."), 429);
            };
        });
    }
}
