using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Guests;

namespace Podflare.Relay;

public static class RelayServices
{
    /// <summary>Adds the relay, and <see cref="RelayOptions"/>, which are validated at start. Guests and destinations are added before.</summary>
    public static IServiceCollection AddRelay(this IServiceCollection services)
    {
        services.AddOptions<RelayOptions>().BindConfiguration(RelayOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RelayOptions>, RelayOptionsValidator>());
        services.AddOptions<TemplateOptions>().PostConfigure<IOptions<RelayOptions>>(static (templates, relay) =>
        {
            if (relay.Value.Enabled) return;
            foreach (var template in templates.Values) template.Relay = false;
        });
        services.AddSingleton<TenantBudgets>().AddSingleton<RelayForwarder>().AddSingleton<RelayRecorder>().AddSingleton<RelayProcessor>().AddSingleton<RelayPump>();
        services.AddSingleton<ITelemetryRelay>(provider => provider.GetRequiredService<RelayPump>());
        // The first to start is the last to stop: the pump gives the forwarder its last batches.
        return services.AddHostedService(provider => provider.GetRequiredService<RelayForwarder>()).AddHostedService(provider => provider.GetRequiredService<RelayPump>());
    }
}
