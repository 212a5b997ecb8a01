using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Mcp;
using Podflare.Processes;

namespace Podflare.Info;

/// <summary>Describes the server. No API key is needed.</summary>
internal static class InfoEndpoints
{
    private static readonly string[] Features = ["files", "contexts", "processes", "terminals", "watches", "run_trace", "run_usage", "sandbox_metrics", "overview", "host_modes"];

    private static readonly Dictionary<string, string> Links = new() { ["docs"] = "/docs", ["openapi"] = "/openapi/v1.json" };

    public static IServiceCollection AddInfo(this IServiceCollection services)
    {
        services.AddOptions<InfoOptions>().BindConfiguration(InfoOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services;
    }

    public static void MapInfo(this RouteGroupBuilder api) => api.MapGet("/info", Get).WithMetadata(new AllowAnonymous());

    private static JsonHttpResult<InfoJson> Get(ServerSettings settings, KeyAuthenticator keys, IOptions<InfoOptions> options, IOptions<HttpOptions> http, IOptions<McpOptions> mcp) => TypedResults.Json(
        new InfoJson(
            ProductVersion.Text, keys.RequiresKeys ? "keys" : "none", settings.Region, settings.PublicUrl, options.Value.StatusUrl, Links,
            [.. Features, .. mcp.Value.Enabled ? ["mcp"] : Array.Empty<string>(), .. http.Value.ExposeMetrics ? ["scraping"] : Array.Empty<string>()], options.Value.TraceLink),
        InfoJsonContext.Default.InfoJson);
}
