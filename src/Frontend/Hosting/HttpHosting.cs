using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Edge;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;

namespace Podflare.Hosting;

/// <summary>Configures Kestrel: its address, limits, and shutdown.</summary>
internal static partial class HttpHosting
{
    // Enough for a file path of 4,095 bytes, each percent-encoded, and the rest of the request line.
    private const int MaxRequestLineBytes = 16 * 1024;

    // Time for the silo to leave the cluster after the frontend has stopped.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(15);

    public static void AddHttp(this WebApplicationBuilder builder)
    {
        var settings = ServerSettings.Read(builder.Configuration);
        var authentication = AuthenticationSettings.Read(builder.Configuration, settings.Listen);
        var certificate = ServerCertificate.Find(builder.Configuration, TimeProvider.System);
        settings.Listen.ThrowIfInUse();
        var services = builder.Services;
        services.AddSingleton(settings).AddSingleton(authentication);
        services.AddOptions<HttpOptions>().BindConfiguration(HttpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OpenStreams>().AddSingleton<RequestBodyDiscarder>().AddSingleton<ServerRefusals>();
        services.AddHostedService(provider => provider.GetRequiredService<OpenStreams>());

        services.AddOptions<HostOptions>().PostConfigure<IOptions<HttpOptions>>((host, http) =>
        {
            var needed = TimeSpan.FromSeconds(http.Value.LameDuckSeconds + http.Value.DrainSeconds) + StopMargin;
            if (host.ShutdownTimeout < needed) host.ShutdownTimeout = needed;
        });

        // Nothing in the request path blocks a thread, so handing over to another one would only add the time to wake it.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            var limits = context.Configuration.GetSection(HttpOptions.Section).Get<HttpOptions>() ?? new HttpOptions();
            kestrel.AddServerHeader = false;
            // JsonBodyReader and FileUploader enforce the limits. Kestrel would close the connection before the client has read the answer.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(limits.IdleConnectionSeconds);
            kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
            settings.Listen.Listen(kestrel, ServerRefusals.Wrap, certificate is null ? null : certificate.Use);
        });
    }

    /// <summary>Logs at the start how callers are authenticated, unless they need a key.</summary>
    public static void LogAuthenticationMode(this WebApplication app)
    {
        var listen = app.Services.GetRequiredService<ServerSettings>().Listen;
        switch (app.Services.GetRequiredService<AuthenticationSettings>().Mode)
        {
            case AuthMode.Development:
                LogDevelopment(app.Logger, listen);
                break;
            case AuthMode.Disabled:
                LogDisabled(app.Logger, listen);
                break;
        }
    }

    [LoggerMessage(LogLevel.Information, "Development mode: no API keys are configured, so every caller of {Address} is the tenant 'default'.")]
    private static partial void LogDevelopment(ILogger logger, ListenAddress address);

    [LoggerMessage(LogLevel.Warning, "AUTHENTICATION IS OFF: anyone who can connect to {Address} can run code on this machine. Set PODFLARE_API_KEYS to turn it on.")]
    private static partial void LogDisabled(ILogger logger, ListenAddress address);
}
