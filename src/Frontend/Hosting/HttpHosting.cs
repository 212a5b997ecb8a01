using Microsoft.Extensions.DependencyInjection.Extensions;
using Podflare.Keys;

namespace Podflare.Hosting;

/// <summary>The HTTP server: address, limits, stop.</summary>
internal static partial class HttpHosting
{
    public static void AddHttp(this WebApplicationBuilder builder, ServerSettings settings)
    {
        settings.Listen.EnsureFree();
        var services = builder.Services;
        services.AddSingleton(settings);
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

    /// <summary>Says at the start, in one line, who may call.</summary>
    public static void SayHowCallersAreKnown(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<ServerSettings>();
        switch (settings.Auth)
        {
            case AuthMode.Development:
                LogDevelopment(app.Logger, settings.Listen);
                break;
            case AuthMode.Disabled:
                LogDisabled(app.Logger, settings.Listen);
                break;
        }
    }

    [LoggerMessage(LogLevel.Information, "Development mode: no API keys, so every caller on {Address} is the tenant 'default'.")]
    private static partial void LogDevelopment(ILogger logger, ListenAddress address);

    [LoggerMessage(LogLevel.Warning, "AUTHENTICATION IS OFF: whoever reaches {Address} can run code here. Set PODFLARE_API_KEYS to end this.")]
    private static partial void LogDisabled(ILogger logger, ListenAddress address);
}
