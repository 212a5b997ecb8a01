using Microsoft.Extensions.Options;
using Podflare.E2b;
using Podflare.E2b.Control;
using Podflare.E2b.Envd;
using Podflare.E2b.Interpreter;
using Podflare.Keys;

namespace Podflare.Hosting;

/// <summary>Composes the dialect for clients of E2B.</summary>
internal static class E2bRoutes
{
    public static IServiceCollection AddE2b(this IServiceCollection services)
    {
        services.AddOptions<E2bOptions>().BindConfiguration(E2bOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<E2bErrorWriter>().AddSingleton<SandboxTokens>().AddSingleton<SandboxHealth>().AddSingleton<AbandonedRuns>();
        return services.AddSingleton<CreateEndpoint>().AddSingleton<LifetimeEndpoints>().AddSingleton<ExecuteEndpoint>().AddSingleton<InterpreterContexts>().AddSingleton<ProcessService>().AddSingleton<FilesystemService>().AddSingleton<WatcherService>().AddSingleton<FilesEndpoint>().AddSingleton<SandboxStatus>();
    }

    /// <summary>Before the check of host names, which knows those of the dialect from here.</summary>
    public static void UseE2bTargets(this WebApplication app)
    {
        if (IsEnabled(app)) app.UseMiddleware<E2bTargetMiddleware>();
    }

    /// <summary>After routing, which knows what opens a route.</summary>
    public static void UseE2bAccess(this WebApplication app)
    {
        if (IsEnabled(app)) app.UseMiddleware<DataAccessMiddleware>();
    }

    public static void MapE2b(this WebApplication app, RouteGroupBuilder routes)
    {
        if (!IsEnabled(app)) return;
        routes.MapGroup(E2bTarget.ControlPrefix).MapE2bControl();
        var sandboxes = routes.MapGroup(E2bTarget.Prefix).WithMetadata(new AllowAnonymous());
        sandboxes.MapInterpreter();
        sandboxes.MapEnvd();
        sandboxes.MapClosedPorts();
    }

    private static bool IsEnabled(WebApplication app) => app.Services.GetRequiredService<IOptions<E2bOptions>>().Value.Enabled;
}
