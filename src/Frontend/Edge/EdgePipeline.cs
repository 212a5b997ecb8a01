using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Processes;
using IPNetwork = System.Net.IPNetwork;

namespace Podflare.Edge;

/// <summary>Adds what stands between browsers or proxies and the API.</summary>
internal static class EdgePipeline
{
    // What a page of another origin may read besides the body.
    private static readonly string[] ExposedHeaders =
    [
        "Podflare-Run-Id", "Podflare-Trace-Id", "Podflare-Trace-Open", "Podflare-Trace-Dropped", "Podflare-Warning", "Podflare-Repl-Restarted",
        "RateLimit", "RateLimit-Policy", "Retry-After", "Idempotent-Replayed", "Server-Timing", "ETag", "Content-Range", "Location",
    ];

    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromSeconds(600);

    public static IServiceCollection AddEdge(this IServiceCollection services)
    {
        services.AddCors();
        return services.AddSingleton(provider => EdgeSettings.From(
            provider.GetRequiredService<IOptions<HttpOptions>>().Value, provider.GetRequiredService<ServerSettings>().PublicUrl, provider.GetRequiredService<AuthenticationSettings>().Mode));
    }

    /// <summary>Before everything else, so that traces, limits and links see the client's address and scheme, not those of a proxy.</summary>
    public static void UseTrustedProxies(this WebApplication app)
    {
        var trusted = app.Services.GetRequiredService<IOptions<HttpOptions>>().Value.TrustedProxies;
        if (trusted.Count == 0) return;
        // Every hop must be a trusted one, so their number needs no limit.
        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in trusted) forwarded.KnownIPNetworks.Add(ParseNetwork(proxy));
        app.UseForwardedHeaders(forwarded);
    }

    /// <summary>Before routing: a refused request learns nothing about routes.</summary>
    /// <exception cref="StartUpException">A setting is not valid.</exception>
    public static void UseEdge(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<EdgeSettings>();
        if (settings.Hosts is not null) app.UseMiddleware<HostFilter>();
        if (settings.ChecksOrigin) app.UseMiddleware<CrossOriginFilter>();
        if (settings.Origins.Count == 0) return;
        app.UseCors(policy =>
        {
            if (settings.Origins.Contains(EdgeSettings.AnyOrigin)) policy.AllowAnyOrigin();
            else policy.WithOrigins([.. settings.Origins]);
            policy.AllowAnyHeader().AllowAnyMethod().WithExposedHeaders(ExposedHeaders).SetPreflightMaxAge(PreflightMaxAge);
        });
    }

    private static IPNetwork ParseNetwork(string text)
    {
        if (IPNetwork.TryParse(text, out var network)) return network;
        return IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw new StartUpException($"{HttpOptions.Section}:{nameof(HttpOptions.TrustedProxies)} contains '{text}'; it must be an IP address or a network such as 10.0.0.0/8.");
    }
}
