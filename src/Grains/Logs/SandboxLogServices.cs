using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Podflare.Processes;
using Podflare.Storage;
using Podflare.Telemetry;
using StackExchange.Redis;

namespace Podflare.Logs;

public static class SandboxLogServices
{
    /// <summary>
    /// Adds the lines about sandboxes and their options: in Redis when <c>ConnectionStrings:Redis</c> is set, through the host's
    /// <see cref="IConnectionMultiplexer"/>; else in memory.
    /// </summary>
    public static IServiceCollection AddSandboxLog(this IServiceCollection services, ProcessRole role)
    {
        services.AddOptions<SandboxLogOptions>().BindConfiguration(SandboxLogOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<SandboxTraces>();
        services.AddSingleton<SandboxLogBuffer>().AddSingleton<SandboxLogWriter>();
        services.AddSingleton<ILoggerProvider>(provider => new SandboxLogProvider(
            provider.GetRequiredService<SandboxLogBuffer>(), provider.GetRequiredService<SandboxTraces>(), provider.GetRequiredService<TimeProvider>(), SourceOf(role)));
        services.TryAddSingleton<ISandboxLog>(provider =>
            RedisConnection.Find(provider.GetRequiredService<IConfiguration>()) is null
                ? ActivatorUtilities.CreateInstance<MemorySandboxLog>(provider)
                : ActivatorUtilities.CreateInstance<RedisSandboxLog>(provider));
        return services.AddHostedService(provider => provider.GetRequiredService<SandboxLogWriter>());
    }

    private static string? SourceOf(ProcessRole role) => role switch
    {
        ProcessRole.Worker => SandboxLogProvider.Worker,
        ProcessRole.Frontend => SandboxLogProvider.Frontend,
        _ => null,
    };
}
