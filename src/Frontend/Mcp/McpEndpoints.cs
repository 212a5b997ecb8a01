using Microsoft.Extensions.Options;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Server;
using Podflare.Http;
using Podflare.Keys;
using Podflare.Problems;
using Podflare.Processes;
using Podflare.Runs;

namespace Podflare.Mcp;

/// <summary>Serves MCP over HTTP.</summary>
internal static class McpEndpoints
{
    // Its exceptions are those of clients: ours are answers, and logged where they arise.
    private const string SdkLogs = "ModelContextProtocol";

    public static IServiceCollection AddMcp(this IServiceCollection services)
    {
        services.AddOptions<McpOptions>().BindConfiguration(McpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddLogging(logging => logging.AddFilter(SdkLogs, LogLevel.None));
        services.AddSingleton<CreateLimiter>().AddSingleton<GrainOperations>().AddSingleton<GrainFiles>().AddSingleton<McpRequestHandler>();
        services.AddSingleton(provider => new PodflareMcpServer(
            provider.GetRequiredService<GrainOperations>(),
            SettingsOf(provider.GetRequiredService<IOptions<McpOptions>>().Value, provider.GetRequiredService<IOptions<RunOptions>>().Value),
            provider.GetRequiredService<TimeProvider>()));
        services.AddOptions<McpServerOptions>().Configure<PodflareMcpServer>((options, server) => server.Configure(options));
        services.AddOptions<HttpServerTransportOptions>().Configure<IOptions<McpOptions>>((transport, options) => transport.SessionMode = options.Value.Sessions);
        services.AddMcpServer().WithHttpTransport().WithMessageFilters(filters => filters.AddIncomingFilter(VersionHeaderFilter.Apply));
        return services;
    }

    /// <exception cref="StartUpException">Authorization servers are named, and what they need is not.</exception>
    public static void MapMcp(this WebApplication app, IEndpointRouteBuilder routes)
    {
        var options = app.Services.GetRequiredService<IOptions<McpOptions>>().Value;
        if (!options.Enabled) return;
        var handler = app.Services.GetRequiredService<McpRequestHandler>();
        // Everybody who may read sees all tools; a tool that needs more refuses the call.
        var endpoints = routes.MapMcp(options.Path).RequireScope(KeyScopes.Read).WithMetadata(new DisableRequestDeadline());
        if (ProtectedResource.Find(options, app.Configuration, app.Services.GetRequiredService<ServerSettings>()) is { } resource)
        {
            endpoints.WithMetadata(new BearerChallenge(resource.Challenge), new TokenAudience(resource.Address));
            routes.MapGet(ProtectedResource.WellKnown + options.Path, () => TypedResults.Json(resource.ToJson(), ProtectedResourceJsonContext.Default.ProtectedResourceJson)).WithMetadata(new AllowAnonymous());
        }

        endpoints.Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is { } next) endpoint.RequestDelegate = context => handler.InvokeAsync(context, next);
        });
    }

    private static McpSettings SettingsOf(McpOptions options, RunOptions runs) => new()
    {
        Version = ProductVersion.Text,
        Wait = TimeSpan.FromSeconds(options.WaitSeconds),
        MaxWait = TimeSpan.FromSeconds(options.MaxWaitSeconds),
        MaxTextCharacters = options.MaxTextCharacters,
        MaxValueBytes = options.MaxValueBytes,
        ProgressInterval = TimeSpan.FromMilliseconds(options.ProgressMilliseconds),
        TaskPollInterval = TimeSpan.FromMilliseconds(options.TaskPollMilliseconds),
        RunRetention = TimeSpan.FromSeconds(runs.RetentionSeconds),
    };
}
