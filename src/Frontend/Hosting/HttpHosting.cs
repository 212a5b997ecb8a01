using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Http;
using Podflare.Keys;

namespace Podflare.Hosting;

/// <summary>Configures Kestrel: its address, limits, and shutdown.</summary>
internal static partial class HttpHosting
{
    public static void AddHttp(this WebApplicationBuilder builder)
    {
        var settings = ServerSettings.Read(builder.Configuration);
        var authentication = AuthenticationSettings.Read(builder.Configuration, settings.Listen);
        settings.Listen.ThrowIfInUse();
        var services = builder.Services;
        services.AddSingleton(settings).AddSingleton(authentication);
        services.AddOptions<HttpOptions>().BindConfiguration(HttpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OpenStreams>();
        services.AddHostedService(provider => provider.GetRequiredService<OpenStreams>());

        // Nothing on the way of a request blocks a thread, so a hand-over to another one would only cost the time it takes to wake.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            var limits = context.Configuration.GetSection(HttpOptions.Section).Get<HttpOptions>() ?? new HttpOptions();
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(limits.IdleConnectionSeconds);
            kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
            settings.Listen.Listen(kestrel);
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
