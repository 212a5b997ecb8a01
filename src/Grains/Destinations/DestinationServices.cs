using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;
using Podflare.Audit;
using Podflare.Content;
using Podflare.Hosts;
using Podflare.Secrets;

namespace Podflare.Destinations;

public static class DestinationServices
{
    /// <summary>Adds the destinations of tenants and their options. The process's <see cref="SecretBox"/> is added by its host.</summary>
    public static IServiceCollection AddDestinations(this IServiceCollection services)
    {
        services.AddOptions<DestinationOptions>().BindConfiguration(DestinationOptions.Section).ValidateDataAnnotations()
            .Validate(static options => options.HasAddresses, $"{DestinationOptions.Section}:{nameof(DestinationOptions.AllowedAddresses)} must be IP addresses, separated by commas.").ValidateOnStart();
        services.TryAddSingleton<IDestinationReader, DestinationReader>();
        services.TryAddSingleton<OtlpRequestsOfTenants>();
        services.TryAddSingleton<TenantDestinations>();
        services.AddContent().TryAddSingleton<RunContentView>();
        services.TryAddSingleton(provider => new RunSpanReporter(
            provider.GetRequiredService<TenantDestinations>(), provider.GetRequiredService<ContentBudget>(), provider.GetRequiredService<RunContentView>(), provider.GetRequiredService<IOptions<DestinationOptions>>(), provider.GetRequiredService<ILogger<RunSpanReporter>>()));
        services.TryAddSingleton(provider => new CallSpanReporter(
            provider.GetRequiredService<TenantDestinations>(), provider.GetRequiredService<IOptions<DestinationOptions>>(), provider.GetRequiredService<ILogger<CallSpanReporter>>()));
        // Used where the process traces at all.
        services.ConfigureOpenTelemetryTracerProvider(traces => traces.AddProcessor(provider => new CallSpanProcessor(provider.GetRequiredService<CallSpanReporter>())));
        services.TryAddSingleton(provider => new DestinationDependencies(
            provider.GetRequiredService<SecretBox>(), provider.GetRequiredService<AuditReporter>(), provider.GetRequiredService<HostSilos>(), provider.GetRequiredService<OtlpRequestsOfTenants>(),
            provider.GetRequiredService<IOptions<DestinationOptions>>()));
        // The first to start is the last to stop: the reporters give the senders their last spans.
        return services.AddHostedService(provider => provider.GetRequiredService<TenantDestinations>()).AddHostedService(provider => provider.GetRequiredService<RunSpanReporter>())
            .AddHostedService(provider => provider.GetRequiredService<CallSpanReporter>());
    }
}
